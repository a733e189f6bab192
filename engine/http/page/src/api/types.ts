/** Messages of the server, as docs/http.md and GET /openapi.json describe them. Offsets are code points. */

export interface SpanBody {
  start: number;
  end: number;
  tokens?: number;
  max_tokens?: number;
  lines?: number;
  single_line?: boolean;
  pins?: string[];
  name?: string;
}

export interface FillBody {
  text: string;
  spans: SpanBody[];
  language: string | null;
  n?: number;
  seed?: number;
  copies?: boolean;
  stream?: boolean;
  interactive?: boolean;
  sampler?: { threshold?: number; temperature?: number; steps?: number | null; repairs?: number };
}

export interface Draft {
  step: number;
  spans: { start: number; end: number; text: string; confidence: number; tokens: { text: string; confidence: number | null }[] }[];
}

export interface FillResult {
  text: string;
  spans: { start: number; end: number; text: string; confidence: number; tokens: number; alternatives: string[]; filled: boolean }[];
  nfe: number;
  ms: number;
  model: string;
  backend: string;
  stopped: 'complete' | 'deadline';
}

export interface ScoreResult {
  tokens: { start: number; end: number; text: string; log_prob: number }[];
  mean_surprise: number;
  nfe: number;
}
