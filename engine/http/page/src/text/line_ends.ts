/** Line ends: CodeMirror and the engine see `\n`; a file gets back the ones that it came with. */

export type LineEnd = '\n' | '\r\n' | '\r';
export const LINE_END_NAMES: Record<LineEnd, string> = { '\n': 'LF', '\r\n': 'CRLF', '\r': 'CR' };

/** The line end that a text uses most, and whether it uses others as well. */
export function lineEndOf(text: string): { end: LineEnd; mixed: boolean } {
  const counts: Record<LineEnd, number> = { '\n': 0, '\r\n': 0, '\r': 0 };
  for (const [end] of text.matchAll(/\r\n|\n|\r/g)) counts[end as LineEnd] += 1;
  const kinds = (Object.keys(counts) as LineEnd[]).filter((end) => counts[end] > 0);
  const end = kinds.reduce((most, one) => (counts[one] > counts[most] ? one : most), kinds[0] ?? '\n');
  return { end, mixed: kinds.length > 1 };
}

export const withLineFeeds = (text: string): string => text.replace(/\r\n?/g, '\n');

export const withLineEnd = (text: string, end: LineEnd): string => (end === '\n' ? text : text.replaceAll('\n', end));
