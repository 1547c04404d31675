// Drives a headless Chromium over its debugging pipe and says what it saw, as JSON on standard output.
// usage: node drive.mjs CHROMIUM PAGE.html SCRIPT [AXE.js] [FOLDER]
// SCRIPT is what is done with the page: `look` (nothing), `play` (everything the player can), `match` (hears each version to its end).
// No package is needed: the protocol is JSON between zero bytes on two pipes. Nothing waits for a time to pass: sound is rendered
// offline, as fast as it can be, and the clock of the player is that of the rendering; all else is waited for by what it brings about.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [chromium, file, script, axe, shots] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "tonmeister-browser-"));
const flags = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-dev-shm-usage", "--disable-extensions", "--user-data-dir=" + profile, "about:blank",
];
const browser = spawn(chromium, flags, { stdio: ["ignore", "ignore", "ignore", "pipe", "pipe"] });
const [, , , to, from] = browser.stdio;
const waiting = new Map();
const events = [];
let rest = "";
let number = 0;
from.setEncoding("utf8");
from.on("data", text => {
  const parts = (rest + text).split("\0");
  rest = parts.pop();
  for (const part of parts) {
    const message = JSON.parse(part);
    if (message.id && waiting.has(message.id)) {
      const { resolve, reject } = waiting.get(message.id);
      waiting.delete(message.id);
      if (message.error) reject(new Error(message.error.message)); else resolve(message.result);
    } else events.push(message);
  }
});
const send = (method, params = {}, sessionId) => new Promise((resolve, reject) => {
  number += 1;
  waiting.set(number, { resolve, reject });
  to.write(JSON.stringify({ id: number, method, params, sessionId }) + "\0");
});
const sleep = ms => new Promise(resolve => setTimeout(resolve, ms));

// Before the page's own script: sound is rendered offline up to where it is asked for, and chance can be steered.
const stage = `(() => {
  window.coins = [];
  const real = crypto.getRandomValues.bind(crypto);
  crypto.getRandomValues = array => window.coins.length ? (array[0] = window.coins.shift(), array) : real(array);
  window.AudioContext = function ({ sampleRate }) {
    const context = new OfflineAudioContext(2, 100 * sampleRate, sampleRate);
    let started = null;
    // A player resumes the sound card; here nothing runs before it is asked to.
    const go = context.resume.bind(context);
    context.resume = () => Promise.resolve();
    const run = () => { if (started) return go(); started = context.startRendering(); started.then(buffer => { window.rendered = buffer; }); return Promise.resolve(); };
    // Lets so many seconds of sound pass.
    window.pass = async seconds => {
      const there = context.suspend(context.currentTime + seconds);
      await run();
      await there;
      // What the page does when a sound has ended comes after this.
      await new Promise(resolve => setTimeout(resolve, 0));
      return context.currentTime;
    };
    window.audio = context;
    return context;
  };
  // All that was heard so far, both channels, as base64 of 32-bit numbers. The rest of the rendering is silence: nothing plays any more.
  window.heard = async () => {
    const frames = Math.round(window.audio.currentTime * window.audio.sampleRate);
    OfflineAudioContext.prototype.resume.call(window.audio);
    while (!window.rendered) await new Promise(resolve => setTimeout(resolve, 5));
    const out = [];
    for (const channel of [0, 1]) {
      const bytes = new Uint8Array(window.rendered.getChannelData(channel).slice(0, frames).buffer);
      let text = "";
      for (let i = 0; i < bytes.length; i += 8192) text += String.fromCharCode(...bytes.subarray(i, i + 8192));
      out.push(btoa(text));
    }
    return out;
  };
})()`;

const run = async () => {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const call = (method, params) => send(method, params, sessionId);
  const js = async expression => {
    const answer = await call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true, userGesture: true });
    if (answer.exceptionDetails) throw new Error(expression.slice(0, 200) + ": " + (answer.exceptionDetails.exception?.description || answer.exceptionDetails.text));
    return answer.result.value;
  };
  // Waits for what is true at some time; how long that takes says how busy the machine is, and nothing else.
  const until = async expression => {
    for (let n = 0; n < 6000; n += 1) {
      if (await js(expression)) return;
      await sleep(10);
    }
    throw new Error("never true: " + expression);
  };
  const codes = { " ": ["Space", 32], "?": ["Slash", 191], ArrowRight: ["ArrowRight", 39], ArrowLeft: ["ArrowLeft", 37], Home: ["Home", 36], Escape: ["Escape", 27], Tab: ["Tab", 9] };
  const key = async name => {
    const [code, number] = codes[name] || ["Key" + name.toUpperCase(), name.toUpperCase().charCodeAt(0)];
    const text = name.length === 1 ? name : undefined;
    await call("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", key: name, code, text, windowsVirtualKeyCode: number });
    await call("Input.dispatchKeyEvent", { type: "keyUp", key: name, code, windowsVirtualKeyCode: number });
  };
  for (const domain of ["Runtime", "Log", "Network", "Page"]) await call(domain + ".enable");
  await call("Page.addScriptToEvaluateOnNewDocument", { source: stage });
  await call("Page.navigate", { url: pathToFileURL(file).href });
  await until(`location.href !== "about:blank" && document.readyState === "complete"`);
  const saw = { title: await js("document.title") };
  const text = selector => js(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? null`);
  const said = () => text("[data-part=said]");
  // Where the player says it is, read after it has shown where the sound is.
  const place = () => js("(() => { const p = document.querySelector('.player'); p.player.show(); return Number(p.querySelector('[data-part=seek]').value); })()");
  const pass = seconds => js(`window.pass(${seconds})`);
  const playing = is => until(`document.querySelector('.player').classList.contains('playing') === ${is}`);
  saw.unnamed = await js(`[...document.querySelectorAll("button, input, select, svg[role=img], [role=region]")].filter(e => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML.slice(0, 90))`);
  saw.players = await js("document.querySelectorAll('[data-player]').length");
  saw.wide = await js("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  saw.fields = await js("document.querySelectorAll('.field[data-x]').length");

  const heard = async () => {
    const [left, right] = await js("window.heard()");
    [left, right].forEach((channel, n) => writeFileSync(join(shots, `heard-${n}.f32`), Buffer.from(channel, "base64")));
  };

  if (script === "play") {
    await js("document.activeElement.blur()");
    await key(" ");
    await playing(true);
    saw.playing = await said();
    saw.pressed = await js("[...document.querySelectorAll('[data-choose]')].map(b => b.dataset.choose + b.getAttribute('aria-pressed')).join(' ')");
    // What was done at which second of the sound, and which place the player showed there.
    const steps = [];
    const step = async (what, seconds) => {
      const from = await place();
      await pass(seconds);
      steps.push({ what, from, at: await js("window.audio.currentTime"), place: await place() });
    };
    await step("play", 0.6);
    await key("a");
    saw.a = await said();
    await step("a", 0.6);
    await key("b");
    saw.b = await said();
    await step("b", 0.5);
    // While it plays: to a place on the line, and by keys; the sound has to follow.
    await js("(() => { const s = document.querySelector('[data-part=seek]'); s.value = '2'; s.dispatchEvent(new Event('input', { bubbles: true })); })()");
    await step("seek", 0.5);
    await key("ArrowLeft");
    await step("back", 0.4);
    await key("Home");
    await step("home", 0.4);
    // Loop between two places, twice round.
    await key("[");
    await pass(0.5);
    await key("]");
    await step("loop", 1.3);
    saw.steps = steps;
    await key(" ");
    await playing(false);
    await pass(0.1);
    saw.paused = await said();
    saw.kept = await place();
    saw.head = await js("parseFloat(document.querySelector('.playhead:not([hidden])').style.left)");
    await key("Home");
    saw.home = await place();
    await key("ArrowRight");
    saw.nudged = await place();
    await key("l");
    saw.loop = await js("document.querySelector('[data-part=loop]').getAttribute('aria-pressed')");
    // Without a loop it stops at the end by itself.
    await key(" ");
    await playing(true);
    await pass(2);
    await playing(false);
    saw.ended = await said();
    await key("l");
    await key("?");
    await until("document.getElementById('help').open");
    await key("Escape");
    await until("!document.getElementById('help').open");
    saw.valuetext = await js("document.querySelector('[data-part=seek]').getAttribute('aria-valuetext')");
    // Order: A is the second file; X is A in the first round, then B in every other.
    await js("window.coins.push(1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1)");
    await key("x");
    saw.blind = await said();
    saw.names = await js("[...document.querySelectorAll('[data-choose] small')].map(e => e.textContent).join('|')");
    saw.levelLocked = await js("document.querySelector('[data-part=mode]').disabled");
    // Whichever X is, the page is the same to the letter, and to those who hear it read.
    const page = "(() => { const copy = document.querySelector('.player').cloneNode(true); copy.querySelectorAll('[data-part=said], [data-part=trial]').forEach(e => e.replaceChildren()); return copy.outerHTML; })()";
    saw.oneX = await js(page);
    const answer = letter => js(`document.querySelector("[data-answer='${letter}']").click()`);
    await key("a");
    saw.blindSaid = await said();
    await answer("A");
    saw.otherX = await js(page);
    saw.scoreDuring = await text("[data-part=score]");
    for (let n = 0; n < 8; n += 1) await answer("B");
    await answer("A");
    saw.score = await text("[data-part=score]");
    saw.after = await js("[...document.querySelectorAll('[data-choose=A] small')].map(e => e.textContent).join('|')");
    // Values are read off a picture under the pointer.
    const box = await js("(() => { const f = [...document.querySelectorAll('.field')].find(f => f.dataset.x.startsWith('log')); f.scrollIntoView({ block: 'center', behavior: 'instant' }); const b = f.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; })()");
    await call("Input.dispatchMouseEvent", { type: "mouseMoved", x: box[0], y: box[1] });
    await until("document.querySelector('.tip:not([hidden])')");
    saw.tip = await js("[...document.querySelector('.tip:not([hidden])').children].map(e => e.textContent)");
    // A click on the middle of a picture over time goes there.
    const middle = await js("(() => { const f = document.querySelector('.field[data-x^=time]'); f.scrollIntoView({ block: 'center', behavior: 'instant' }); const b = f.getBoundingClientRect(); return [b.left + b.width / 2, b.top + b.height / 2]; })()");
    for (const type of ["mousePressed", "mouseReleased"]) await call("Input.dispatchMouseEvent", { type, x: middle[0], y: middle[1], button: "left", clickCount: 1 });
    saw.clicked = await place();
    await heard();
  }
  if (script === "beside") {
    await js("document.activeElement.blur()");
    await key(" ");
    await playing(true);
    saw.playing = await said();
    await pass(0.2);
    // The second song stops the first.
    await js("document.querySelectorAll('[data-part=play]')[1].click()");
    await until("document.querySelectorAll('.player.playing').length === 1 && document.querySelectorAll('.player')[1].classList.contains('playing')");
    saw.second = true;
  }
  if (script === "match") {
    // Each version to its end, one after the other, as loud as the page makes them.
    await js("document.activeElement.blur()");
    await key("l");
    saw.marks = [];
    for (const letter of ["a", "b"]) {
      await key(letter);
      await key("Home");
      await key(" ");
      await playing(true);
      const begin = await js("window.audio.currentTime");
      await pass(await js("document.querySelector('.player').player.data.seconds + 0.1"));
      await playing(false);
      saw.marks.push([begin, await js("window.audio.currentTime")]);
    }
    await heard();
  }
  if (axe) {
    await js(readFileSync(axe, "utf8") + ";0");
    const found = [];
    // Colours change at once: a colour half-way through a change is none of the page's.
    await js("document.head.append(Object.assign(document.createElement('style'), { textContent: '* { transition: none !important; }' }))");
    for (const theme of ["light", "dark"]) {
      await js(`document.documentElement.dataset.theme = "${theme}"; document.querySelectorAll("details").forEach(d => d.open = true)`);
      found.push(...await js(`axe.run(document).then(r => r.violations.map(v => ({ theme: "${theme}", id: v.id, impact: v.impact, nodes: v.nodes.length, first: v.nodes[0].html.slice(0, 160), why: v.nodes[0].failureSummary.slice(0, 300) })))`));
    }
    saw.axe = found;
    await js("document.documentElement.dataset.theme = 'auto'; document.querySelectorAll('details').forEach(d => d.open = false)");
  }
  await call("Emulation.setDeviceMetricsOverride", { width: 390, height: 844, deviceScaleFactor: 1, mobile: true });
  saw.phoneWide = await js("document.documentElement.scrollWidth - document.documentElement.clientWidth");
  await call("Emulation.clearDeviceMetricsOverride");
  if (shots && process.env.TONMEISTER_SHOTS) {
    for (const [name, width, theme] of [["light", 1280, "light"], ["dark", 1280, "dark"], ["phone", 390, "light"]]) {
      await call("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: width < 500 });
      await js(`document.documentElement.dataset.theme = "${theme}"; window.scrollTo(0, 0)`);
      await sleep(300);
      const { cssContentSize: { height } } = await call("Page.getLayoutMetrics");
      const shot = await call("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, clip: { x: 0, y: 0, width, height, scale: 1 } });
      writeFileSync(join(shots, name + ".png"), Buffer.from(shot.data, "base64"));
    }
    await call("Emulation.clearDeviceMetricsOverride");
  }
  const pdf = await call("Page.printToPDF", { preferCSSPageSize: true, printBackground: true });
  if (shots) writeFileSync(join(shots, "print.pdf"), Buffer.from(pdf.data, "base64"));
  const own = pathToFileURL(file).href;
  saw.requests = events.filter(e => e.method === "Network.requestWillBeSent").map(e => e.params.request.url).filter(url => url !== own && !/^(data|blob):/.test(url));
  saw.errors = events.filter(e => (e.method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(e.params.type)) || e.method === "Runtime.exceptionThrown" || (e.method === "Log.entryAdded" && ["error", "warning"].includes(e.params.entry.level)))
    .map(e => e.params.entry?.text || e.params.exceptionDetails?.text || JSON.stringify(e.params.args?.map(a => a.value)));
  return saw;
};

// The profile goes when the browser has gone; what it still holds is left to the system.
const end = code => {
  browser.once("exit", () => {
    try { rmSync(profile, { recursive: true, force: true, maxRetries: 10, retryDelay: 100 }); } catch { /* left */ }
    process.exit(code);
  });
  browser.kill("SIGKILL");
};
setTimeout(() => { console.error("too slow"); end(1); }, 900000);
run().then(saw => { process.stdout.write(JSON.stringify(saw, null, 1) + "\n", () => end(0)); }, error => { console.error(error.stack); end(1); });
