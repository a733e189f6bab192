/** Other texts for a range: it is masked once more, and several answers are asked for. */

import type { EditorState } from '@codemirror/state';
import type { Client } from '../api/client';
import type { FillResult, SpanBody } from '../api/types';
import { CodePoints } from '../text/code_points';
import { fillBody } from './request';
import type { Settings } from './settings';

const WANTED = 6;

/** Up to five texts other than what stands there, the likeliest first. */
export async function alternatives(
  client: Client,
  state: EditorState,
  range: { from: number; to: number },
  wish: Omit<SpanBody, 'start' | 'end'>,
  settings: Settings,
  signal: AbortSignal,
): Promise<string[]> {
  const offsets = new CodePoints(state.doc.toString());
  const body = fillBody(state, settings);
  const result = await client.post<FillResult>(
    '/v1/fill',
    {
      ...body,
      spans: [{ ...wish, start: offsets.points(range.from), end: offsets.points(range.to) }],
      n: WANTED,
      sampler: { ...body.sampler, repairs: 0 },
      interactive: true,
    },
    signal,
  );
  const [span] = result.spans;
  const now = state.sliceDoc(range.from, range.to);
  const found = span === undefined ? [] : [span.text, ...span.alternatives];
  return [...new Set(found)].filter((text) => text !== now && text.trim() !== '').slice(0, WANTED - 1);
}
