/** Whether the server is there: seen at calls, and looked for again until it is back. */

import { ApiError, type Client } from './client';

export type Health = 'ready' | 'loading' | 'away' | 'locked';
const SOON_MS = 1_000;
const LATER_MS = 15_000;

export class HealthWatch {
  private timer: ReturnType<typeof setTimeout> | undefined;
  private model: string | null = null;
  private now: Health = 'loading';
  private looking = false;

  constructor(private readonly client: Client, private readonly show: (health: Health, model: string | null) => void) {
    client.onReach = (there) => {
      // Every call says something about the server, the ones of a look included.
      if (!this.looking && (there ? this.now !== 'ready' : this.now !== 'away')) void this.look();
    };
    document.addEventListener('visibilitychange', () => {
      if (!document.hidden) void this.look();
    });
  }

  /** Look now, and again after a while. */
  async look(): Promise<void> {
    if (this.looking) return;
    this.looking = true;
    clearTimeout(this.timer);
    this.now = await this.ask();
    this.looking = false;
    this.show(this.now, this.model);
    this.timer = setTimeout(() => void this.look(), this.now === 'ready' || this.now === 'locked' ? LATER_MS : SOON_MS);
  }

  private async ask(): Promise<Health> {
    try {
      const response = await fetch('/health', { cache: 'no-store', credentials: 'omit' });
      if (!response.ok) return 'loading';
    } catch {
      return 'away';
    }
    // Someone who would not give a key is not asked every few seconds.
    if (this.now === 'ready' || (this.now === 'locked' && !this.client.hasKey())) return this.now;
    try {
      // A server that was away may come back with another model.
      const listed = await this.client.get<{ data: { id: string }[] }>('/v1/models');
      this.model = listed.data[0]?.id ?? null;
      return 'ready';
    } catch (error) {
      return error instanceof ApiError && error.status === 401 ? 'locked' : 'loading';
    }
  }
}
