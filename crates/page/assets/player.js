"use strict";
// The player of a report: two versions of one sound, switched on the sample and equally loud, and a blind test.
// No library, no network. Everything it needs stands in the page, or in the script files beside it.
(() => {
  // Length of the fade from one version to the other, seconds: long enough not to click, short enough to be a switch.
  const FADE = 0.008;
  // A moment between the call to start and the start, so that both versions begin on one sample.
  const LEAD = 0.03;
  const LETTERS = ["A", "B"];
  const root = document.documentElement;
  const waiting = {};

  // A script beside the page hands its sound over with this.
  window.tonmeisterAudio = (key, text) => { if (waiting[key]) waiting[key](text); };

  const clock = seconds => {
    const tenths = Math.max(0, Math.round(seconds * 10));
    return Math.floor(tenths / 600) + ":" + String(Math.floor(tenths / 10) % 60).padStart(2, "0") + "." + (tenths % 10);
  };
  const gain = db => Math.pow(10, db / 20);

  // Chance of at least `right` of `total` by guessing.
  const byChance = (right, total) => {
    let sum = 0;
    for (let k = right; k <= total; k += 1) {
      let term = 1;
      for (let i = 0; i < k; i += 1) term *= (total - i) / (k - i) / 2;
      sum += term / Math.pow(2, total - k);
    }
    return Math.min(1, sum);
  };
  const coin = () => crypto.getRandomValues(new Uint8Array(1))[0] & 1;

  const bytesOf = text => {
    const raw = atob(text.trim());
    const bytes = new Uint8Array(raw.length);
    for (let i = 0; i < raw.length; i += 1) bytes[i] = raw.charCodeAt(i);
    return bytes.buffer;
  };

  class Player {
    constructor(section) {
      section.player = this;
      this.section = section;
      this.data = JSON.parse(section.querySelector("script[type='application/json']").textContent);
      this.sides = this.data.sides;
      this.mode = 0;
      this.side = this.sides.length - 1;
      this.offset = 0;
      this.loop = { on: true, from: 0, to: this.data.seconds };
      this.volume = 1;
      this.blind = null;
      this.voice = null;
      this.find();
      this.bind();
      this.show();
    }

    part(name) { return this.section.querySelector("[data-part='" + name + "']"); }

    find() {
      for (const name of ["play", "seek", "time", "loop", "volume", "mode", "said", "blind", "score", "trial", "help"]) this[name + "Part"] = this.part(name);
      this.choices = [...this.section.querySelectorAll("[data-choose]")];
      this.answers = [...this.section.querySelectorAll("[data-answer]")];
    }

    bind() {
      const on = (part, event, act) => { if (part) part.addEventListener(event, act); };
      on(this.playPart, "click", () => this.toggle());
      on(this.seekPart, "input", () => this.seek(Number(this.seekPart.value)));
      on(this.loopPart, "click", () => this.setLoop(!this.loop.on));
      on(this.volumePart, "input", () => { this.volume = Number(this.volumePart.value) / 100; this.level(); this.show(); });
      on(this.modePart, "change", () => { this.mode = Number(this.modePart.value); this.level(); this.show(); });
      on(this.blindPart, "click", () => (this.blind && !this.blind.done ? this.reveal() : this.beginBlind()));
      for (const button of this.choices) on(button, "click", () => this.choose(button.dataset.choose));
      for (const button of this.answers) on(button, "click", () => this.answer(button.dataset.answer));
      this.section.addEventListener("focusin", () => { active = this; });
      this.section.addEventListener("pointerdown", () => { active = this; });
    }

    // Text of a side, from the page or from the script beside it.
    text(index) {
      const inside = this.section.querySelector("[data-sound='" + index + "']");
      if (inside) return Promise.resolve(inside.textContent);
      const side = this.sides[index];
      return new Promise((resolve, reject) => {
        waiting[side.key] = resolve;
        const script = document.createElement("script");
        script.src = side.beside;
        script.onerror = () => reject(new Error(side.beside + " is not beside this page: keep them together"));
        document.head.append(script);
      });
    }

    async ready() {
      if (this.buffers) return;
      this.say("Loading the sound");
      this.context = this.context || new AudioContext({ sampleRate: this.data.rate });
      const texts = await Promise.all(this.sides.map((_, index) => this.text(index)));
      this.buffers = await Promise.all(texts.map(text => this.context.decodeAudioData(bytesOf(text))));
      this.gains = this.sides.map(() => {
        const node = this.context.createGain();
        node.gain.value = 0;
        node.connect(this.context.destination);
        return node;
      });
      this.now = this.sides.map(() => 0);
    }

    async play() {
      try {
        await this.ready();
        await this.context.resume();
      } catch (error) {
        this.say("The sound cannot be played: " + error.message);
        return;
      }
      for (const other of players) if (other !== this) other.pause();
      active = this;
      this.start(this.offset);
      this.level();
      this.say(this.named());
      this.show();
      this.follow();
    }

    // Both versions start on one sample, each behind its own gain; what played before fades out.
    start(offset) {
      this.stopVoice();
      const context = this.context;
      const out = this.sides.map((_, index) => {
        const node = context.createGain();
        node.connect(this.gains[index]);
        return node;
      });
      const at = context.currentTime + LEAD;
      const sources = this.buffers.map((buffer, index) => {
        const source = context.createBufferSource();
        source.buffer = buffer;
        source.loop = this.loop.on;
        source.loopStart = this.loop.from;
        source.loopEnd = this.loop.to;
        source.connect(out[index]);
        source.start(at, offset);
        return source;
      });
      for (const node of out) {
        node.gain.setValueAtTime(0, at);
        node.gain.linearRampToValueAtTime(1, at + FADE);
      }
      this.voice = { out, sources, at, offset };
      sources[0].onended = () => {
        if (this.voice && this.voice.sources === sources) {
          this.voice = null;
          this.offset = 0;
          this.say("Stopped at the end");
          this.show();
        }
      };
    }

    stopVoice() {
      const voice = this.voice;
      this.voice = null;
      if (!voice) return;
      const now = this.context.currentTime;
      for (const node of voice.out) {
        node.gain.cancelScheduledValues(now);
        node.gain.setValueAtTime(now >= voice.at + FADE ? 1 : 0, now);
        node.gain.linearRampToValueAtTime(0, now + FADE);
      }
      for (const source of voice.sources) source.stop(now + FADE + 0.002);
    }

    pause() {
      if (!this.voice) return;
      this.offset = this.position();
      this.stopVoice();
      this.say("Paused at " + clock(this.offset));
      this.show();
    }

    toggle() { if (this.voice) this.pause(); else this.play(); }

    position() {
      if (!this.voice) return this.offset;
      const at = this.voice.offset + Math.max(0, this.context.currentTime - this.voice.at);
      const { on, from, to } = this.loop;
      if (on && at >= to && this.voice.offset < to) return from + ((at - from) % (to - from));
      return Math.min(at, this.data.seconds);
    }

    seek(seconds) {
      const to = Math.min(Math.max(0, seconds), this.data.seconds - 0.01);
      this.offset = to;
      if (this.voice) this.start(to);
      this.show();
    }

    setLoop(on, from = 0, to = this.data.seconds) {
      let at = this.position();
      this.loop = { on, from, to: Math.max(to, from + 0.1) };
      // A sound that starts at the end of its loop would run on past it.
      if (on && at >= this.loop.to - 0.001) at = from;
      this.offset = at;
      if (this.voice) this.start(at);
      this.say(on ? "Loop from " + clock(this.loop.from) + " to " + clock(this.loop.to) : "Loop off");
      this.show();
    }

    // What is heard: version and gain. Only ever turned down.
    level() {
      if (!this.gains) return;
      const wish = this.data.modes[this.mode].gains;
      const at = this.context.currentTime;
      this.gains.forEach((node, index) => {
        const to = index === this.side ? gain(wish[index]) * this.volume : 0;
        node.gain.cancelScheduledValues(at);
        node.gain.setValueAtTime(this.now[index], at);
        node.gain.linearRampToValueAtTime(to, at + FADE);
        this.now[index] = to;
      });
    }

    // Which version a letter means. In the blind test nobody is told.
    meant(letter) {
      const blind = this.blind && !this.blind.done ? this.blind : null;
      if (letter === "X") return blind ? blind.order[blind.x] : null;
      const index = LETTERS.indexOf(letter);
      if (index < 0 || index >= this.sides.length) return null;
      return blind ? blind.order[index] : index;
    }

    choose(letter) {
      const side = this.meant(letter);
      if (side === null) return;
      this.side = side;
      this.letter = letter;
      this.level();
      this.say(this.named());
      this.show();
    }

    named() {
      const letter = this.letter || LETTERS[this.side];
      if (this.blind && !this.blind.done) return "You hear " + letter;
      return "You hear " + (this.sides.length > 1 ? LETTERS[this.side] + ": " : "") + this.sides[this.side].name;
    }

    beginBlind() {
      const total = 10;
      const flip = coin();
      this.blind = { order: [flip, 1 - flip], x: coin(), right: 0, answered: 0, total, done: false };
      this.mode = 0;
      if (this.modePart) this.modePart.value = "0";
      this.letter = "X";
      this.side = this.meant("X");
      this.level();
      this.scorePart.textContent = "";
      this.say("Blind test: listen to A, B and X, then say which one X is. " + total + " rounds; names are hidden until the end.");
      this.show();
    }

    answer(letter) {
      const blind = this.blind;
      if (!blind || blind.done) return;
      blind.answered += 1;
      if (LETTERS[blind.x] === letter) blind.right += 1;
      if (blind.answered === blind.total) { this.reveal(); return; }
      blind.x = coin();
      this.letter = "X";
      this.side = this.meant("X");
      this.level();
      this.say("Round " + (blind.answered + 1) + " of " + blind.total);
      this.show();
    }

    reveal() {
      const blind = this.blind;
      blind.done = true;
      const { right, answered, order } = blind;
      const names = "A was " + this.sides[order[0]].name + ", B was " + this.sides[order[1]].name + ".";
      let text = "No round was answered. " + names;
      if (answered > 0) {
        const p = byChance(right, answered);
        const told = p < 0.001 ? "under 0.1 %" : (100 * p).toFixed(1) + " %";
        const words = p <= 0.05
          ? "You hear the difference."
          : "This can be luck: it does not show that you hear a difference.";
        text = right + " of " + answered + " right. By guessing, that many or more come in " + told + " of tests (p = " + p.toFixed(4) + "). " + words + " " + names;
      }
      this.scorePart.textContent = text;
      this.letter = null;
      this.say("The blind test is over.");
      this.show();
    }

    say(text) { if (this.saidPart) this.saidPart.textContent = text; }

    show() {
      const blind = Boolean(this.blind && !this.blind.done);
      const at = this.position();
      const playing = Boolean(this.voice);
      this.section.classList.toggle("blind", blind);
      this.section.classList.toggle("playing", playing);
      this.playPart.setAttribute("aria-label", playing ? "Pause" : "Play");
      this.playPart.querySelector("span").textContent = playing ? "Pause" : "Play";
      this.seekPart.value = String(at);
      this.seekPart.setAttribute("aria-valuetext", clock(at) + " of " + clock(this.data.seconds));
      this.seekPart.style.setProperty("--at", (100 * at / this.data.seconds).toFixed(2) + "%");
      const head = this.section.querySelector("[data-part='head']");
      if (head) head.setAttribute("width", (1000 * at / this.data.seconds).toFixed(1));
      if (this.timePart) this.timePart.textContent = clock(at) + " / " + clock(this.data.seconds);
      if (this.loopPart) this.loopPart.setAttribute("aria-pressed", String(this.loop.on));
      if (this.moved) this.moved(at, playing);
      const letter = this.letter || LETTERS[this.side];
      for (const button of this.choices) {
        const own = button.dataset.choose;
        button.setAttribute("aria-pressed", String(own === letter));
        const name = button.querySelector("small");
        const index = LETTERS.indexOf(own);
        if (name && index >= 0) name.textContent = blind ? "hidden" : this.sides[index].name;
        if (own === "X") button.hidden = !blind;
      }
      for (const button of this.answers) button.hidden = !blind;
      if (this.modePart) this.modePart.disabled = blind;
      if (this.blindPart) this.blindPart.textContent = blind ? "End the test and show the result" : "Blind test (ABX)";
      if (this.trialPart) this.trialPart.textContent = blind ? "Round " + (this.blind.answered + 1) + " of " + this.blind.total : "";
    }

    follow() {
      if (!this.voice) return;
      this.show();
      requestAnimationFrame(() => this.follow());
    }

    key(event) {
      const at = this.position();
      const step = event.shiftKey ? 0.2 : 2;
      const acts = {
        " ": () => this.toggle(),
        a: () => this.choose("A"),
        b: () => this.choose("B"),
        x: () => (this.blind && !this.blind.done ? this.choose("X") : this.beginBlind()),
        arrowleft: () => this.seek(at - step),
        arrowright: () => this.seek(at + step),
        home: () => this.seek(0),
        l: () => this.setLoop(!this.loop.on),
        "[": () => this.setLoop(true, at, this.loop.to > at ? this.loop.to : this.data.seconds),
        "]": () => this.setLoop(true, this.loop.from < at ? this.loop.from : 0, at),
      };
      const act = acts[event.key.toLowerCase()];
      if (act) { event.preventDefault(); act(); }
    }
  }

  const players = [];
  let active = null;

  const keys = event => {
    if (event.ctrlKey || event.metaKey || event.altKey) return;
    const help = document.getElementById("help");
    if (event.key === "?" && help) { event.preventDefault(); help.showModal(); return; }
    if (document.querySelector("dialog[open]")) return;
    const single = document.getElementById("single-keys");
    if (single && !single.checked) return;
    const target = event.target;
    // What has a meaning on a control keeps it.
    if (target.matches("select, textarea, input:not([type=range])")) return;
    if (target.matches("input[type=range]") && /^(Arrow|Home|End|Page)/.test(event.key)) return;
    if (target.matches("button, summary, a") && (event.key === " " || event.key === "Enter")) return;
    if (active) active.key(event);
  };

  // Values are read off a picture where the pointer is: the same numbers as in its table, at every place.
  const scale = text => {
    const [kind, from, to, unit] = text.split("|");
    const [low, high] = [Number(from), Number(to)];
    const log = kind === "log";
    // Where zero lies, in the units of the picture; far below where it has none.
    const zero = !log && low < 0 && high > 0 ? 1000 * high / (high - low) : 1e6;
    return { kind, unit, zero, at: place => (log ? low * Math.pow(high / low, place) : low + place * (high - low)) };
  };
  const told = (axis, value) => {
    if (axis.kind === "time") return clock(value);
    if (axis.unit === "Hz") return value < 1000 ? value.toFixed(0) + " Hz" : (value / 1000).toFixed(2) + " kHz";
    return value.toFixed(Math.abs(value) < 100 ? 1 : 0).replace("-", "\u2212");
  };
  // Points of a path: pairs of numbers, a new stretch at each M; of bars, their four edges.
  const points = path => {
    const d = path.getAttribute("d");
    if (path.dataset.read === "bars") return [...d.matchAll(/M([-\d.]+) ([-\d.]+)H([-\d.]+)V([-\d.]+)/g)].map(m => m.slice(1).map(Number));
    return d.split("M").filter(Boolean).map(part => part.replace("Z", "").split("L").map(two => two.split(" ").map(Number)));
  };
  const between = (list, x) => {
    for (let n = 1; n < list.length; n += 1) {
      const [a, b] = [list[n - 1], list[n]];
      if ((a[0] <= x && x <= b[0]) || (b[0] <= x && x <= a[0])) return a[1] + (b[0] === a[0] ? 0 : (x - a[0]) / (b[0] - a[0])) * (b[1] - a[1]);
    }
    return null;
  };
  // Heights of a path at a place, from 0 at the bottom to 1 at the top; `base` is where bars begin.
  const heights = (path, x, base) => {
    path.own = path.own || points(path);
    const up = y => (y === null ? null : 1 - y / 1000);
    if (path.dataset.read === "bars") {
      const bar = path.own.find(b => b[0] <= x && x <= b[2]);
      if (!bar) return [];
      return [up(Math.abs(bar[1] - base) >= Math.abs(bar[3] - base) ? bar[1] : bar[3])];
    }
    if (path.dataset.read === "area") {
      const all = path.own[0] || [];
      const half = all.length / 2;
      const two = [between(all.slice(0, half), x), between(all.slice(half), x)].map(up);
      return two.filter(y => y !== null && y >= 0 && y <= 1);
    }
    return path.own.map(part => up(between(part, x))).filter(y => y !== null);
  };

  const reader = field => {
    const [across, upwards] = [scale(field.dataset.x), scale(field.dataset.y)];
    const paths = [...field.querySelectorAll("path[data-read]")];
    const tip = document.createElement("div");
    const hair = document.createElement("div");
    tip.className = "tip";
    hair.className = "hair";
    for (const part of [hair, tip]) { part.hidden = true; part.setAttribute("aria-hidden", "true"); field.append(part); }
    const leave = () => { tip.hidden = hair.hidden = true; };
    field.addEventListener("pointermove", event => {
      const box = field.getBoundingClientRect();
      const place = Math.min(Math.max((event.clientX - box.left) / box.width, 0), 1);
      const lines = [told(across, across.at(place)) + (across.kind === "time" || across.unit === "Hz" ? "" : " " + across.unit)];
      for (const path of paths) {
        const values = heights(path, 1000 * place, upwards.zero).map(y => told(upwards, upwards.at(y)));
        const shown = [...new Set(values)];
        if (shown.length) lines.push((path.dataset.name ? path.dataset.name + ": " : "") + shown.reverse().join(" \u2026 ") + (upwards.unit === "Hz" ? "" : " " + upwards.unit.split(",")[0]));
      }
      if (!paths.length) lines.push(told(upwards, upwards.at(1 - (event.clientY - box.top) / box.height)));
      tip.replaceChildren(...lines.map(text => Object.assign(document.createElement("span"), { textContent: text })));
      tip.hidden = hair.hidden = false;
      hair.style.left = 100 * place + "%";
      tip.style.left = Math.min(Math.max(place * box.width + 12, 4), Math.max(4, box.width - tip.offsetWidth - 4)) + "px";
      if (place > 0.5) tip.style.left = Math.max(4, place * box.width - tip.offsetWidth - 12) + "px";
    });
    field.addEventListener("pointerleave", leave);
    field.addEventListener("pointercancel", leave);
  };

  // Where the player is, on every picture over time; a click there goes there.
  const heads = player => {
    const all = [];
    for (const field of document.querySelectorAll(".field[data-x^='time']")) {
      const length = Number(field.dataset.x.split("|")[2]);
      const head = document.createElement("div");
      head.className = "playhead";
      head.hidden = true;
      head.setAttribute("aria-hidden", "true");
      field.append(head);
      field.addEventListener("click", event => {
        const box = field.getBoundingClientRect();
        const at = (event.clientX - box.left) / box.width * length - player.data.start;
        if (at >= 0 && at < player.data.seconds) player.seek(at);
      });
      all.push({ head, length });
    }
    player.moved = (at, playing) => {
      for (const { head, length } of all) {
        head.hidden = !playing && at === 0;
        head.style.left = 100 * (player.data.start + at) / length + "%";
      }
    };
  };

  const theme = () => {
    const button = document.getElementById("theme");
    if (!button) return;
    const names = ["auto", "light", "dark"];
    button.addEventListener("click", () => {
      const next = names[(names.indexOf(root.dataset.theme || "auto") + 1) % 3];
      root.dataset.theme = next;
      button.querySelector("span").textContent = next;
    });
  };

  document.addEventListener("DOMContentLoaded", () => {
    root.classList.add("scripted");
    for (const section of document.querySelectorAll("[data-player]")) players.push(new Player(section));
    active = players[0] || null;
    for (const field of document.querySelectorAll(".field[data-x]")) reader(field);
    if (players.length === 1) heads(players[0]);
    document.addEventListener("keydown", keys);
    theme();
    const help = document.getElementById("help");
    for (const button of document.querySelectorAll("[data-open-help]")) button.addEventListener("click", () => help.showModal());
    for (const button of document.querySelectorAll("[data-print]")) button.addEventListener("click", () => window.print());
    for (const button of document.querySelectorAll("[data-hear]")) {
      const at = Number(button.dataset.hear);
      const player = players[0];
      if (!player || at < player.data.start || at > player.data.start + player.data.seconds) continue;
      button.hidden = false;
      button.addEventListener("click", () => { player.seek(Math.max(0, at - player.data.start - 1)); player.play(); });
    }
  });
})();
