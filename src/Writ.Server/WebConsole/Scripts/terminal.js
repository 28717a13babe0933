// The terminal of a run: its output as it comes, or played back. What a tool wrote is hostile: xterm.js draws it, and
// nothing of it gets any further (no links, no titles, no answers, no input).

import '@xterm/xterm/css/xterm.css';
import { Terminal } from '@xterm/xterm';
import { FitAddon } from '@xterm/addon-fit';
import { RecordingReader, Stream } from './parts/recording.js';
import { clock } from './parts/clock-text.js';
import { Player } from './parts/player.js';
import { quietly } from './parts/quiet-styles.js';

const Lines = 100_000, LongestPause = 2_000, Back = [500, 1_000, 2_000, 5_000, 10_000];

const Hint = /^Discovered open port (\d{1,5})\/(tcp|udp|sctp) on ([0-9A-Fa-f.:]{2,45})\r?$/;

/** @param host the element with [data-gutter] and [data-term]; beside it stand the controls of a player where the run has ended */
export function open(host, options, page) {
  const view = new RunTerminal(host, options, page);
  view.start();
  return view;
}

class RunTerminal {
  #page; #line = ''; #hints = []; #telling;
  #host; #options; #term; #fit; #gutter; #times = []; #events = []; #next = 0; #atLine = true; #begin; #reader = new RecordingReader();
  #socket; #attempt = 0; #ended = false; #gone = false; #stop = new AbortController(); #player; #over; #resized;

  constructor(host, options, page) {
    [this.#host, this.#options, this.#page] = [host, options, page];
    this.#begin = options.startedAt ?? null;
    const place = host.querySelector('[data-term]');
    const style = getComputedStyle(host);
    this.#term = new Terminal({
      disableStdin: true, convertEol: true, cursorBlink: false, cursorInactiveStyle: options.live ? 'block' : 'none', scrollback: Lines, fontSize: 12, lineHeight: 1.35,
      fontFamily: style.getPropertyValue('--mono').trim() || 'monospace', theme: theme(style), minimumContrastRatio: 4.5, screenReaderMode: false,
      linkHandler: { activate() { } }, allowProposedApi: false,
    });
    this.#fit = new FitAddon();
    this.#term.loadAddon(this.#fit);
    quietly(() => this.#term.open(place));
    this.#term.textarea?.setAttribute('aria-label', 'Output of the run; use the arrow keys to scroll');
    this.#term.textarea?.setAttribute('readonly', '');
    this.#term.attachCustomKeyEventHandler(event => this.#scroll(event));
    this.#gutter = host.querySelector('[data-gutter]');
    this.#term.onRender(() => this.#drawTimes());
    this.#term.onScroll(() => this.#drawTimes());
    const signal = this.#stop.signal;
    matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => this.#term.options.theme = theme(getComputedStyle(host)), { signal });
    new MutationObserver(() => this.#term.options.theme = theme(getComputedStyle(host))).observe(document.documentElement, { attributeFilter: ['data-theme'] });
    const watch = new ResizeObserver(() => { clearTimeout(this.#resized); this.#resized = setTimeout(() => this.#refit(), 100); });
    watch.observe(place);
    signal.addEventListener('abort', () => watch.disconnect());
    this.#refit();
  }

  start() {
    if (this.#options.live) this.#connect();
    else this.#load();
  }

  /** The run is over: once all of it is here, and the page shows the controls, it can be played back. Told again with each look of the page. */
  ended(options) {
    if (this.#player || !this.#options.live) return;
    this.#over = () => {
      if (this.#player || this.#gone || !this.#host.parentElement?.querySelector('[data-player]')) return;
      this.#options = options;
      this.#term.options.cursorInactiveStyle = 'none';
      this.#player = new Player(this.#host.parentElement, this, options);
    };
    if (this.#ended) this.#over();
  }

  dispose() {
    this.#gone = true;
    this.#stop.abort();
    this.#socket?.close();
    this.#player?.stop();
    this.#term.dispose();
  }

  /** Each break goes on at the byte after the last one, so nothing is missing and nothing comes twice. */
  #connect() {
    if (this.#gone) return;
    const socket = this.#socket = new WebSocket(`${location.origin.replace(/^http/, 'ws')}/v1/runs/${this.#options.run}/attach?mode=watch&from=${this.#reader.offset}`);
    socket.binaryType = 'arraybuffer';
    socket.onopen = () => { this.#attempt = 0; this.#say(''); };
    socket.onmessage = message => {
      if (typeof message.data !== 'string') return this.#take(new Uint8Array(message.data));
      if (JSON.parse(message.data).type === 'end') { this.#ended = true; this.#over?.(); }
    };
    socket.onclose = () => {
      if (this.#gone || this.#ended) return;
      const wait = Back[Math.min(this.#attempt++, Back.length - 1)];
      this.#say('The connection is lost; trying again. The run goes on, and nothing of it will be missing here.');
      setTimeout(() => this.#connect(), wait);
    };
  }

  async #load() {
    try {
      const answer = await fetch(`/v1/runs/${this.#options.run}/recording`, { signal: this.#stop.signal });
      if (!answer.ok) return this.#say((await answer.json().catch(() => null))?.detail ?? 'The recording cannot be read.');
      for await (const bytes of pieces(answer.body)) this.#take(bytes, false);
      this.#show(Infinity);
      this.#player = new Player(this.#host.parentElement, this, this.#options);
    } catch (error) {
      if (!this.#gone) this.#say(`The recording cannot be read: ${error.message}`);
    }
  }

  #take(bytes, show = true) {
    for (const frame of this.#reader.read(bytes)) {
      this.#begin ??= frame.time;
      if (frame.stream === Stream.status) continue;
      this.#events.push(frame);
      if (frame.stream === Stream.output) this.#listen(frame);
    }
    if (show) this.#show(Infinity);
  }

  // The tool tells of a host in its results once it is through with it; in its output of each open port at once.
  #listen(frame) {
    const lines = (this.#line + frame.text).split('\n');
    this.#line = lines.pop().slice(-200);
    for (const line of lines) {
      const found = this.#hints.length < 2_000 ? Hint.exec(line) : null;
      if (found) this.#hints.push({ at: frame.time - this.begin, address: found[3], protocol: found[2], port: Number(found[1]) });
    }
    if (this.#hints.length > 0) this.#telling ??= setTimeout(() => {
      this.#telling = null;
      if (!this.#gone) this.#page?.invokeMethodAsync('Hear', this.#hints.splice(0)).catch(() => { });
    }, 500);
  }

  get begin() { return this.#begin ?? 0; }
  get end() { return this.#events.at(-1)?.time ?? this.begin; }

  /** Shows all that had been written at a time, in milliseconds since the run's beginning. */
  seek(at) {
    const upTo = this.begin + at;
    if (this.#next > 0 && this.#events[this.#next - 1].time > upTo) this.#clear();
    this.#show(upTo);
  }

  /** When the next output comes after a time; null at the end. A long pause is told as a short one. */
  nextAfter(at) {
    const next = this.#events.find(event => event.time > this.begin + at);
    return next ? { at: next.time - this.begin, wait: Math.min(next.time - this.begin - at, LongestPause) } : null;
  }

  #clear() {
    this.#term.reset();
    [this.#next, this.#times, this.#atLine] = [0, [], true];
  }

  #show(upTo) {
    let text = '';
    const flush = () => { if (text) this.#term.write(text); text = ''; };
    for (; this.#next < this.#events.length && this.#events[this.#next].time <= upTo; this.#next++) {
      const event = this.#events[this.#next];
      if (event.size) { flush(); continue; }
      const words = event.stream === Stream.marker ? `${this.#atLine ? '' : '\r\n'}\x1b[90m-- ${clean(event.text)} --\x1b[0m\r\n` : event.text;
      for (const line of words.split(/(?<=\n)/)) {
        if (this.#atLine) {
          flush();
          // In order with what is written: the line is known when all before it is drawn.
          this.#term.write('', () => this.#stamp(event.time));
        }
        text += line;
        this.#atLine = line.endsWith('\n');
      }
    }
    flush();
  }

  #stamp(time) {
    const buffer = this.#term.buffer.active;
    // Past the scrollback lines move up, and a time at the wrong line would be worse than none.
    if (buffer.length < Lines) this.#times[buffer.baseY + buffer.cursorY] = time;
    else this.#times = [];
  }

  #drawTimes() {
    if (!this.#gutter) return;
    const screen = this.#term.element?.querySelector('.xterm-screen');
    if (!screen) return;
    const [rows, top, height] = [this.#term.rows, this.#term.buffer.active.viewportY, screen.clientHeight / this.#term.rows];
    while (this.#gutter.childElementCount < rows) this.#gutter.append(document.createElement('span'));
    [...this.#gutter.children].forEach((row, at) => {
      const time = at < rows ? this.#times[top + at] : undefined;
      row.textContent = time === undefined ? '' : clock(time - this.begin);
      row.style.height = row.style.lineHeight = `${height}px`;
    });
  }

  #refit() {
    if (this.#gone) return;
    const size = this.#fit.proposeDimensions();
    if (!size?.cols || !size.rows) return;
    const turns = size.cols !== this.#term.cols;
    this.#term.resize(Math.max(size.cols, 20), Math.max(size.rows, 4));
    // Lines are broken elsewhere now, so their times stand at other rows.
    if (turns && this.#next > 0) {
      const upTo = this.#events[this.#next - 1].time;
      this.#clear();
      this.#show(upTo);
    }
    this.#drawTimes();
  }

  #scroll(event) {
    if (event.type !== 'keydown' || event.ctrlKey || event.metaKey || event.altKey) return true;
    const by = { ArrowUp: -1, ArrowDown: 1, PageUp: -this.#term.rows, PageDown: this.#term.rows }[event.key];
    if (by) this.#term.scrollLines(by);
    else if (event.key === 'Home') this.#term.scrollToTop();
    else if (event.key === 'End') this.#term.scrollToBottom();
    else return false;
    event.preventDefault();
    return false;
  }

  /** Where a text stands in all that was written, top down: row, column and length. */
  find(words) {
    this.#show(Infinity);
    return new Promise(found => this.#term.write('', () => {
      const [buffer, wanted, hits] = [this.#term.buffer.active, words.toLowerCase(), []];
      for (let row = 0; row < buffer.length && hits.length < 10_000; row++) {
        const text = buffer.getLine(row)?.translateToString(true).toLowerCase() ?? '';
        for (let at = text.indexOf(wanted); at >= 0; at = text.indexOf(wanted, at + wanted.length)) hits.push({ row, at, length: words.length });
      }
      found(hits);
    }));
  }

  reveal(hit) {
    this.#term.clearSelection();
    if (!hit) return null;
    this.#term.scrollToLine(Math.max(0, hit.row - (this.#term.rows >> 1)));
    this.#term.select(hit.at, hit.row, hit.length);
    for (let row = hit.row; row >= 0; row--) if (this.#times[row] !== undefined) return this.#times[row] - this.begin;
    return null;
  }

  /** Markers of the recording itself. */
  get markers() {
    return this.#events.filter(event => event.stream === Stream.marker).map(event => ({ at: event.time - this.begin, text: clean(event.text), kind: 'marker' }));
  }

  #say(text) {
    const place = this.#host.querySelector('[data-say]');
    if (place) [place.textContent, place.hidden] = [text, !text];
  }
}

async function* pieces(body) {
  const reader = body.getReader();
  for (let piece = await reader.read(); !piece.done; piece = await reader.read()) yield piece.value;
}

// A marker is one line of ours; whatever else got into it is shown and not obeyed.
const clean = text => text.replace(/[\u0000-\u001f\u007f-\u009f]/g, letter => `\\x${letter.charCodeAt(0).toString(16).padStart(2, '0')}`);

// xterm.js reads colours by itself, and light-dark() is none that it knows: the browser resolves it.
function theme(style) {
  const probe = document.createElement('span');
  document.body.append(probe);
  const colour = name => {
    probe.style.color = `var(${name})`;
    const [red, green, blue] = getComputedStyle(probe).color.match(/[\d.]+/g);
    return '#' + [red, green, blue].map(part => Math.round(part).toString(16).padStart(2, '0')).join('');
  };
  const told = {
    background: colour('--sunk'), foreground: colour('--ink'), cursor: colour('--fill'), cursorAccent: colour('--sunk'), selectionBackground: colour('--fill'), selectionForeground: colour('--bg'),
    red: colour('--red'), brightRed: colour('--red'), yellow: colour('--amber'), brightYellow: colour('--amber'), green: colour('--green'), brightGreen: colour('--green'),
    blue: colour('--accent'), brightBlue: colour('--accent'), black: colour('--ink-3'), brightBlack: colour('--ink-3'), white: colour('--ink'), brightWhite: colour('--ink'),
  };
  probe.remove();
  return told;
}
