// Reads a run's recording from pieces of any size: the line writ-recording/v2, then frames of a head of 21 bytes (stream,
// offset, time in Unix microseconds, length; big-endian) and their bytes.

export const Stream = { output: 1, error: 2, marker: 3, resize: 4, status: 5 };
const Head = 21, Magic = 'writ-recording/v';

export class RecordingReader {
  #held = new Uint8Array(0);
  #begun = false;
  #texts = { [Stream.output]: new TextDecoder(), [Stream.error]: new TextDecoder() };

  /** How many bytes were read: where to go on after a break. */
  offset = 0;

  /** The frames that became whole with these bytes. A character that is split over frames comes whole, with the later one. */
  read(bytes) {
    this.offset += bytes.length;
    const whole = new Uint8Array(this.#held.length + bytes.length);
    whole.set(this.#held);
    whole.set(bytes, this.#held.length);
    const frames = [], view = new DataView(whole.buffer);
    let at = 0;
    if (!this.#begun) {
      const line = whole.indexOf(10);
      if (line < 0) return this.#keep(whole, frames);
      const magic = new TextDecoder().decode(whole.subarray(0, line));
      if (magic !== `${Magic}1` && magic !== `${Magic}2`) throw new Error('the bytes are no recording');
      this.#begun = true;
      at = line + 1;
    }
    while (whole.length - at >= Head) {
      const length = view.getInt32(at + 17);
      if (whole.length - at - Head < length) break;
      frames.push(this.#frame(view.getUint8(at), Number(view.getBigInt64(at + 9)) / 1000, whole.subarray(at + Head, at + Head + length)));
      at += Head + length;
    }
    return this.#keep(whole.slice(at), frames);
  }

  #keep(rest, frames) {
    this.#held = rest;
    return frames;
  }

  #frame(stream, time, bytes) {
    const text = this.#texts[stream] ? this.#texts[stream].decode(bytes, { stream: true })
      : stream === Stream.marker ? new TextDecoder().decode(bytes) : '';
    const size = stream === Stream.resize && bytes.length === 4 ? { columns: bytes[0] << 8 | bytes[1], rows: bytes[2] << 8 | bytes[3] } : null;
    return { stream, time, text, size };
  }
}
