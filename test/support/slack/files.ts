/** A file that was shared in a thread. */
export interface SharedFile {
  readonly ts: string;
  readonly channel: string;
  readonly thread: string | null;
  readonly name: string;
  readonly title: string;
  readonly bytes: Buffer;
}

interface Begun {
  readonly name: string;
  readonly length: number;
  bytes: Buffer | null;
}

type Answer = Record<string, unknown>;
const refuse = (error: string): Answer => ({ ok: false, error });

/** Slack's three calls for a file: an address is asked for, the bytes go there, and only completing shows it to anybody. */
export class SlackFiles {
  readonly shared: SharedFile[] = [];
  readonly #begun = new Map<string, Begun>();

  /** files.getUploadURLExternal */
  begin(args: Answer, addressOf: (id: string) => string): Answer {
    const [name, length] = [args['filename'], Number(args['length'])];
    if (typeof name !== 'string' || name === '' || !(length > 0)) return refuse('invalid_arguments');
    if (typeof args['alt_text'] === 'string' && args['alt_text'].length > 1_000) return refuse('alt_text_too_large');
    const id = `F${String(this.#begun.size + 1).padStart(8, '0')}`;
    this.#begun.set(id, { name, length, bytes: null });
    return { ok: true, upload_url: addressOf(id), file_id: id };
  }

  /** The upload itself; its HTTP status. */
  take(id: string, body: Buffer, type: string): number {
    const begun = this.#begun.get(id);
    const bytes = type.startsWith('multipart/form-data') ? firstPartOf(body, type) : body;
    if (!begun || bytes?.length !== begun.length) return 400;
    begun.bytes = bytes;
    return 200;
  }

  /** files.completeUploadExternal */
  complete(args: Answer, ts: string, isThread: (thread: string) => boolean): Answer {
    const files = args['files'] as { id: string; title?: string }[] | undefined;
    if (!Array.isArray(files) || files.length === 0) return refuse('invalid_arguments');
    const thread = typeof args['thread_ts'] === 'string' ? args['thread_ts'] : null;
    if (thread !== null && !isThread(thread)) return refuse('invalid_thread_ts');
    for (const { id } of files) if (!this.#begun.get(id)?.bytes) return refuse('file_not_found');
    for (const { id, title = '' } of files) {
      const { name, bytes } = this.#begun.get(id)!;
      const channel = String(args['channel_id']);
      this.shared.push({ ts, channel, thread, name, title, bytes: bytes! });
      this.#begun.delete(id);
    }
    return { ok: true, files: files.map(({ id, title }) => ({ id, title })) };
  }
}

function firstPartOf(body: Buffer, type: string): Buffer | null {
  const boundary = /boundary=(.+)$/.exec(type)?.[1];
  const from = body.indexOf('\r\n\r\n');
  const to = boundary === undefined ? -1 : body.indexOf(`\r\n--${boundary}`, from);
  return from < 0 || to < 0 ? null : body.subarray(from + 4, to);
}
