/** A fill over the wire: blanks of the editor -> spans of a request, drafts and result -> words of the blanks. */

import type { EditorState } from '@codemirror/state';
import type { Client } from '../api/client';
import { ApiError } from '../api/client';
import type { Draft, FillBody, FillResult, SpanBody } from '../api/types';
import type { Blank, Word } from '../blanks/blank';
import { CodePoints, wellFormed } from '../text/code_points';
import { sourceOf } from '../text/source';
import type { Settings } from './settings';

const TOKENS_A_LINE = 24;

export interface Answer {
  id: number;
  text: string;
  words: Word[];
  confidence: number;
}

export interface Outcome {
  answers: Answer[];
  nfe: number;
  ms: number;
  stopped: FillResult['stopped'];
}

export type DraftWords = ReadonlyMap<number, readonly Word[]>;

/** Fill some blanks of a state, all together; every draft is shown as it comes. */
export async function requestFill(
  client: Client,
  state: EditorState,
  blanks: readonly Blank[],
  settings: Settings,
  signal: AbortSignal,
  onDraft: (words: DraftWords) => void,
): Promise<Outcome> {
  const body: FillBody = { ...fillBody(state, settings), spans: spansOf(state, blanks, settings), stream: true };
  let last: Draft | null = null;
  let result: FillResult | null = null;
  for await (const { name, data } of client.stream('/v1/fill', body, signal)) {
    if (name === 'error') throw new ApiError(500, (JSON.parse(data) as { error: { message: string } }).error.message);
    if (name === 'draft') {
      last = JSON.parse(data) as Draft;
      onDraft(new Map(last.spans.map((span, index) => [blanks[index]?.id ?? -1, span.tokens.map(wordOf)])));
    }
    if (name === 'result') result = JSON.parse(data) as FillResult;
  }
  if (result !== null) return outcome(result, last, blanks);
  throw new ApiError(503, 'The server broke off in the middle of an answer; fill again.');
}

/** What every request of a state has in common. */
export function fillBody(state: EditorState, settings: Settings): Omit<FillBody, 'spans'> {
  const { language } = sourceOf(state);
  return {
    text: wellFormed(state.doc.toString()),
    language: language === 'plaintext' ? null : language,
    seed: settings.seed,
    copies: settings.copies,
    sampler: { threshold: settings.threshold, temperature: settings.temperature, steps: settings.steps },
  };
}

function spansOf(state: EditorState, blanks: readonly Blank[], settings: Settings): SpanBody[] {
  const offsets = new CodePoints(state.doc.toString());
  return blanks.map((blank) => ({ start: offsets.points(blank.from), end: offsets.points(blank.to), ...asked(state, blank, settings) }));
}

/** What a blank asks for; one that shares its line with text stays on it. */
export function asked(state: EditorState, blank: Blank, settings: Settings): Omit<SpanBody, 'start' | 'end'> {
  const { tokens, lines, pins, name } = blank.wish;
  const line = state.doc.lineAt(blank.from);
  const after = state.doc.lineAt(blank.to);
  const beside = state.sliceDoc(line.from, blank.from) + state.sliceDoc(blank.to, after.to);
  return {
    max_tokens: Math.max(settings.maxTokens, tokens ?? 0, TOKENS_A_LINE * (lines ?? 0)),
    single_line: lines === null && beside.trim() !== '' && !blank.was.includes('\n'),
    pins,
    ...(tokens === null ? {} : { tokens }),
    ...(lines === null ? {} : { lines }),
    ...(name === null ? {} : { name }),
  };
}

const wordOf = ({ text, confidence }: { text: string; confidence: number | null }): Word => ({ text, confidence, masked: confidence === null });

function outcome(result: FillResult, last: Draft | null, blanks: readonly Blank[]): Outcome {
  const answers = result.spans.flatMap((span, index): Answer[] => {
    if (!span.filled) return []; // there was no time for it: the blank stays open
    const written = last?.spans[index]?.tokens.map(wordOf) ?? [];
    return [{ id: blanks[index]?.id ?? -1, text: span.text, words: settle(span.text, written, span.confidence), confidence: span.confidence }];
  });
  return { answers, nfe: result.nfe, ms: result.ms, stopped: result.stopped };
}

/** The words of the last draft, as far as they are the answer: it may have been trimmed; else the answer as one word. */
export function settle(text: string, written: readonly Word[], confidence: number): Word[] {
  const draft = written.map((word) => word.text).join('');
  const start = written.some((word) => word.masked) ? -1 : draft.indexOf(text);
  if (!text || start < 0) return text ? [{ text, confidence }] : [];
  const words: Word[] = [];
  let at = 0;
  for (const word of written) {
    const piece = word.text.slice(Math.max(0, start - at), Math.max(0, start + text.length - at));
    if (piece) words.push({ text: piece, confidence: word.confidence });
    at += word.text.length;
  }
  return words;
}
