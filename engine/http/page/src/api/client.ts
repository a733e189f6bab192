/** Calls of the server that the page came from: keys, errors in one sentence, server-sent events, cancelling. */

import { type ServerEvent, readEvents } from './events';

/** The server refused; its message is one sentence for the user. */
export class ApiError extends Error {
  constructor(readonly status: number, message: string) {
    super(message);
  }
}

/** Nobody answers at the address of the page. */
export class ServerAway extends Error {
  constructor() {
    super('The server does not answer. Your text is safe here; the page goes on as soon as the server is back.');
  }
}

const KEY = 'lacuna-key';
const PATIENCE = 3;
const LONGEST_WAIT_S = 10;

export class Client {
  /** Asks the user for a key; null: they would rather not. */
  askForKey: (wrong: boolean) => Promise<string | null> = async () => null;
  /** Hears whether the server was there at the last call. */
  onReach: (there: boolean) => void = () => {};

  /** Keys stay in this tab and end with it. */
  hasKey(): boolean {
    return sessionStorage.getItem(KEY) !== null;
  }

  async get<T>(path: string, signal?: AbortSignal): Promise<T> {
    return (await (await this.send(path, signal)).json()) as T;
  }

  async post<T>(path: string, body: object, signal?: AbortSignal): Promise<T> {
    return (await this.read(() => this.send(path, signal, body))) as T;
  }

  /** The events of a streamed answer; ends early with the signal. */
  async *stream(path: string, body: object, signal: AbortSignal): AsyncGenerator<ServerEvent> {
    const response = await this.send(path, signal, body);
    if (response.body === null) throw new ServerAway();
    try {
      yield* readEvents(response.body);
    } catch (error) {
      throw signal.aborted ? error : this.away();
    }
  }

  private async read(ask: () => Promise<Response>): Promise<unknown> {
    const response = await ask();
    try {
      return await response.json();
    } catch (error) {
      throw (error as Error).name === 'AbortError' ? error : this.away();
    }
  }

  private away(): ServerAway {
    this.onReach(false);
    return new ServerAway();
  }

  private async send(path: string, signal?: AbortSignal, body?: object): Promise<Response> {
    for (let tries = 1; ; tries += 1) {
      const response = await this.once(path, signal, body);
      this.onReach(true);
      if (response.ok) return response;
      const error = new ApiError(response.status, await sentence(response));
      if (response.status === 401) {
        const key = await this.askForKey(this.hasKey());
        sessionStorage.removeItem(KEY);
        if (key === null) throw error;
        sessionStorage.setItem(KEY, key);
        continue;
      }
      const wait = Number(response.headers.get('Retry-After') ?? Number.NaN);
      if (!(wait <= LONGEST_WAIT_S) || tries >= PATIENCE) throw error;
      await pause(Math.max(0.2, wait) * 1000, signal);
    }
  }

  private async once(path: string, signal?: AbortSignal, body?: object): Promise<Response> {
    const key = sessionStorage.getItem(KEY);
    const headers: Record<string, string> = key === null ? {} : { Authorization: `Bearer ${key}` };
    if (body !== undefined) headers['Content-Type'] = 'application/json';
    try {
      return await fetch(path, {
        method: body === undefined ? 'GET' : 'POST',
        headers,
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
        ...(signal === undefined ? {} : { signal }),
        cache: 'no-store',
        credentials: 'omit',
      });
    } catch (error) {
      throw signal?.aborted ? error : this.away();
    }
  }
}

/** True for what a user's own Stop looks like. */
export const wasCancelled = (error: unknown): boolean => error instanceof DOMException && error.name === 'AbortError';

export const messageOf = (error: unknown): string =>
  error instanceof ApiError || error instanceof ServerAway ? error.message : `Something in the page failed: ${error instanceof Error ? error.message : String(error)}`;

async function sentence(response: Response): Promise<string> {
  try {
    return ((await response.json()) as { error: { message: string } }).error.message;
  } catch {
    return `The server answered with status ${response.status}.`;
  }
}

export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const stop = () => {
      clearTimeout(timer);
      reject(new DOMException('cancelled', 'AbortError'));
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', stop);
      resolve();
    }, ms);
    if (signal?.aborted) stop();
    else signal?.addEventListener('abort', stop, { once: true });
  });
}
