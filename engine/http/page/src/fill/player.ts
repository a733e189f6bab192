/** Shows drafts one after another, slowly enough to be seen; the engine is often faster than the eye. */

const PACE_MS = 70;
const ALL_MS = 900;

/** Live drafts come as they are for those who asked their system for less motion. */
export const livePlayer = (): Player => new Player(matchMedia('(prefers-reduced-motion: reduce)').matches ? 0 : PACE_MS, ALL_MS);

export class Player {
  private queue: (() => void)[] = [];
  private timer: ReturnType<typeof setTimeout> | undefined;
  private ended: (() => void) | null = null;

  /** One showing every `paceMs`, faster where all that wait would take more than `allMs`. */
  constructor(private readonly paceMs: number, private readonly allMs: number) {}

  /** Show something when its turn comes. */
  push(show: () => void): void {
    this.queue.push(show);
    if (this.timer === undefined) this.next();
  }

  /** All has been pushed; resolves when all has been shown, or was stopped. */
  async finish(): Promise<void> {
    if (this.timer === undefined) return;
    await new Promise<void>((resolve) => {
      this.ended = resolve;
    });
  }

  /** Show nothing more. */
  stop(): void {
    clearTimeout(this.timer);
    this.timer = undefined;
    this.queue = [];
    this.ended?.();
    this.ended = null;
  }

  private next(): void {
    this.timer = undefined;
    const show = this.queue.shift();
    if (show === undefined) {
      this.stop();
      return;
    }
    show();
    this.timer = setTimeout(() => this.next(), Math.min(this.paceMs, this.allMs / Math.max(1, this.queue.length)));
  }
}
