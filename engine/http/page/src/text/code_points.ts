/** Offsets in two units: CodeMirror counts UTF-16 units, the engine code points. */

const PAIR = /[\ud800-\udbff][\udc00-\udfff]/g;
const LONE = /[\ud800-\udbff](?![\udc00-\udfff])|(?<![\ud800-\udbff])[\udc00-\udfff]/g;

/** Converts offsets of one text; costs one look at the text, then a binary search an offset. */
export class CodePoints {
  private readonly pairs: number[] = [];

  constructor(text: string) {
    for (const match of text.matchAll(PAIR)) this.pairs.push(match.index);
  }

  /** UTF-16 units -> code points. */
  points(units: number): number {
    return units - this.count((pair) => pair < units);
  }

  /** Code points -> UTF-16 units. */
  units(points: number): number {
    return points + this.count((pair, before) => pair - before < points);
  }

  /** How many pairs satisfy what the first ones satisfy and the last ones do not. */
  private count(holds: (pair: number, before: number) => boolean): number {
    let low = 0;
    let high = this.pairs.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (holds(this.pairs[middle] ?? 0, middle)) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** The text as UTF-8 can hold it: half a pair becomes the replacement character, so every offset stays. */
export function wellFormed(text: string): string {
  return text.replace(LONE, '\ufffd');
}
