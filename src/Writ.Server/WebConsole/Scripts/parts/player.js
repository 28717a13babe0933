// Plays a run that has ended: play, pause, speed, a line of time with markers, and search in all that was written.

import { clock } from './clock-text.js';

export class Player {
  #view; #parts; #at; #playing = false; #timer; #hits = []; #hit = -1; #end; #stop = new AbortController();

  constructor(host, view, options) {
    this.#view = view;
    this.#end = Math.max(view.end - view.begin, options.endedAt ? options.endedAt - view.begin : 0, 1);
    this.#at = this.#end;
    const part = name => host.querySelector(`[data-${name}]`);
    this.#parts = { play: part('play'), time: part('time'), scrub: part('scrub'), speed: part('speed'), marks: part('marks'), jump: part('jump'), find: part('find'), count: part('count'), before: part('before'), after: part('after') };
    const on = (name, event, does) => this.#parts[name]?.addEventListener(event, does, { signal: this.#stop.signal });
    on('play', 'click', () => this.#playing ? this.#pause() : this.#play());
    on('scrub', 'input', () => { this.#pause(); this.#go(this.#parts.scrub.value / 1000 * this.#end); });
    on('jump', 'change', () => { if (this.#parts.jump.value) { this.#pause(); this.#go(Number(this.#parts.jump.value)); } this.#parts.jump.value = ''; });
    on('find', 'input', () => this.#search());
    on('find', 'keydown', event => { if (event.key === 'Enter') { event.preventDefault(); this.#step(event.shiftKey ? -1 : 1); } });
    on('before', 'click', () => this.#step(-1));
    on('after', 'click', () => this.#step(1));
    this.#drawMarks([...options.markers ?? [], ...view.markers]);
    this.#draw();
    host.querySelector('[data-player]')?.removeAttribute('hidden');
  }

  stop() {
    clearTimeout(this.#timer);
    this.#stop.abort();
  }

  #play() {
    if (this.#at >= this.#end) this.#go(0);
    this.#playing = true;
    this.#parts.play.textContent = 'Pause';
    this.#tick();
  }

  #pause() {
    clearTimeout(this.#timer);
    this.#playing = false;
    this.#parts.play.textContent = 'Play';
  }

  #tick() {
    const next = this.#view.nextAfter(this.#at);
    if (!next) {
      this.#go(this.#end);
      return this.#pause();
    }
    this.#timer = setTimeout(() => { this.#go(next.at); this.#tick(); }, next.wait / Number(this.#parts.speed?.value ?? 1));
  }

  #go(at) {
    this.#at = at;
    this.#view.seek(at >= this.#end ? Infinity : at);
    this.#draw();
  }

  #draw() {
    const told = `${clock(this.#at)} of ${clock(this.#end)}`;
    this.#parts.scrub.value = String(Math.round(this.#at / this.#end * 1000));
    this.#parts.scrub.setAttribute('aria-valuetext', told);
    this.#parts.time.textContent = told;
  }

  #drawMarks(markers) {
    const sorted = markers.filter(mark => mark.at >= 0).sort((one, other) => one.at - other.at);
    this.#parts.marks.replaceChildren(...sorted.map(mark => {
      const tick = document.createElement('i');
      tick.className = mark.kind;
      tick.style.insetInlineStart = `${Math.min(100, mark.at / this.#end * 100)}%`;
      return tick;
    }));
    const jump = this.#parts.jump;
    jump.append(...sorted.map(mark => new Option(`${clock(mark.at)} ${mark.text}`, String(mark.at))));
    jump.hidden = sorted.length === 0;
  }

  async #search() {
    const words = this.#parts.find.value;
    this.#pause();
    this.#hits = words ? await this.#view.find(words) : [];
    this.#hit = -1;
    if (words && this.#hits.length) this.#step(1);
    else {
      this.#view.reveal(null);
      this.#parts.count.textContent = words ? 'not found' : '';
    }
  }

  #step(by) {
    if (this.#hits.length === 0) return;
    this.#hit = (this.#hit + by + this.#hits.length) % this.#hits.length;
    const at = this.#view.reveal(this.#hits[this.#hit]);
    if (at !== null) {
      this.#at = at;
      this.#draw();
    }
    this.#parts.count.textContent = `${this.#hit + 1} of ${this.#hits.length.toLocaleString('en')}`;
  }
}
