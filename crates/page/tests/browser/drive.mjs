// Drives a headless Chromium over its debugging pipe and says what it saw, as JSON on standard output.
// usage: node drive.mjs CHROMIUM PAGE.html [AXE.js] [SHOTS-FOLDER]
// No package is needed: the protocol is JSON between zero bytes on two pipes.
import { spawn } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";

const [chromium, file, axe, shots] = process.argv.slice(2);
const profile = mkdtempSync(join(tmpdir(), "tonmeister-browser-"));
const flags = [
  "--headless=new", "--no-sandbox", "--disable-gpu", "--remote-debugging-pipe", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-dev-shm-usage", "--user-data-dir=" + profile, "about:blank",
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

// What reaches the loudspeakers is kept, and chance can be steered. This runs before the page's own script.
const tap = `(() => {
  window.heard = [];
  window.coins = [];
  const connect = AudioNode.prototype.connect;
  AudioNode.prototype.connect = function (to, ...more) {
    if (to instanceof AudioDestinationNode && !this.tapped) {
      const context = to.context;
      window.audio = context;
      if (!context.ear) {
        context.ear = context.createScriptProcessor(4096, 2, 2);
        context.ear.tapped = true;
        context.ear.onaudioprocess = e => window.heard.push([Float32Array.from(e.inputBuffer.getChannelData(0)), Float32Array.from(e.inputBuffer.getChannelData(1))]);
        connect.call(context.ear, to);
      }
      connect.call(this, context.ear);
    }
    return connect.call(this, to, ...more);
  };
  const real = crypto.getRandomValues.bind(crypto);
  crypto.getRandomValues = array => window.coins.length ? (array[0] = window.coins.shift(), array) : real(array);
})()`;

const run = async () => {
  const { targetId } = await send("Target.createTarget", { url: "about:blank" });
  const { sessionId } = await send("Target.attachToTarget", { targetId, flatten: true });
  const call = (method, params) => send(method, params, sessionId);
  const js = async expression => {
    const answer = await call("Runtime.evaluate", { expression, awaitPromise: true, returnByValue: true, userGesture: true });
    if (answer.exceptionDetails) throw new Error(expression + ": " + (answer.exceptionDetails.exception?.description || answer.exceptionDetails.text));
    return answer.result.value;
  };
  const codes = { " ": ["Space", 32], "?": ["Slash", 191], ArrowRight: ["ArrowRight", 39], ArrowLeft: ["ArrowLeft", 37], Home: ["Home", 36], Escape: ["Escape", 27], Tab: ["Tab", 9] };
  const key = async name => {
    const [code, number] = codes[name] || ["Key" + name.toUpperCase(), name.toUpperCase().charCodeAt(0)];
    const text = name.length === 1 ? name : undefined;
    await call("Input.dispatchKeyEvent", { type: text ? "keyDown" : "rawKeyDown", key: name, code, text, windowsVirtualKeyCode: number });
    await call("Input.dispatchKeyEvent", { type: "keyUp", key: name, code, windowsVirtualKeyCode: number });
  };
  for (const domain of ["Runtime", "Log", "Network", "Page"]) await call(domain + ".enable");
  await call("Page.addScriptToEvaluateOnNewDocument", { source: tap });
  await call("Page.navigate", { url: pathToFileURL(file).href });
  for (let n = 0; n < 200 && !(await js("document.readyState === 'complete'")); n += 1) await sleep(50);
  const saw = { title: await js("document.title") };
  const text = selector => js(`document.querySelector(${JSON.stringify(selector)})?.textContent ?? null`);
  const said = () => text("[data-part=said]");
  const place = () => js("Number(document.querySelector('[data-part=seek]').value)");
  saw.unnamed = await js(`[...document.querySelectorAll("button, input, select, svg[role=img], [role=region]")].filter(e => !(e.getAttribute("aria-label") || e.textContent.trim() || e.labels?.length)).map(e => e.outerHTML.slice(0, 90))`);
  saw.players = await js("document.querySelectorAll('[data-player]').length");
  saw.wide = await js("document.documentElement.scrollWidth - document.documentElement.clientWidth");

  if (saw.players > 0) {
    await js("document.activeElement.blur()");
    await key(" ");
    for (let n = 0; n < 200 && !(await js("document.querySelector('.player').classList.contains('playing')")); n += 1) await sleep(50);
    saw.playing = await said();
    await sleep(900);
    const versions = await js("document.querySelectorAll('[data-choose]').length");
    if (versions > 0) {
      // B sounds; go to A and back, and see whether the place runs on.
      saw.pressed = await js("[...document.querySelectorAll('[data-choose]')].map(b => b.dataset.choose + b.getAttribute('aria-pressed')).join(' ')");
      const both = async () => JSON.parse(await js("JSON.stringify([Number(document.querySelector('[data-part=seek]').value), window.audio.currentTime])"));
      const start = await both();
      await key("a");
      saw.a = await said();
      await sleep(900);
      await key("b");
      saw.b = await said();
      await sleep(900);
      const end = await both();
      saw.drift = (end[0] - start[0]) - (end[1] - start[1]);
    }
    await key(" ");
    await sleep(150);
    saw.paused = await said();
    saw.kept = await place();
    await key("ArrowRight");
    saw.nudged = await place();
    await key("Home");
    saw.home = await place();
    await key("l");
    saw.loop = await js("document.querySelector('[data-part=loop]').getAttribute('aria-pressed')");
    await key("l");
    await key("?");
    saw.help = await js("document.getElementById('help').open");
    await key("Escape");
    saw.helpClosed = await js("!document.getElementById('help').open");
    saw.valuetext = await js("document.querySelector('[data-part=seek]').getAttribute('aria-valuetext')");
    const heard = await js("(() => { const all = window.heard.flatMap(b => [...b[0]]); return { frames: all.length, rate: 0, samples: all.map(x => Math.round(x * 1e6)) }; })()");
    if (shots) writeFileSync(join(shots, "heard.json"), JSON.stringify(heard.samples));
    saw.heardFrames = heard.frames;
    if (versions > 0) {
      // Order: A is the second file; X is A in the first round, then B in every other.
      await js("window.coins.push(1, 0, 1, 1, 1, 1, 1, 1, 1, 1, 1)");
      await key("x");
      saw.blind = await said();
      saw.names = await js("[...document.querySelectorAll('[data-choose] small')].map(e => e.textContent).join('|')");
      saw.levelLocked = await js("document.querySelector('[data-part=mode]').disabled");
      await key("a");
      saw.blindSaid = await said();
      const answer = letter => js(`document.querySelector("[data-answer='${letter}']").click()`);
      await answer("A");
      saw.scoreDuring = await text("[data-part=score]");
      for (let n = 0; n < 8; n += 1) await answer("B");
      await answer("A");
      saw.score = await text("[data-part=score]");
      saw.after = await js("[...document.querySelectorAll('[data-choose=A] small')].map(e => e.textContent).join('|')");
    }
  }
  if (axe) {
    await js(readFileSync(axe, "utf8") + ";0");
    const found = [];
    for (const theme of ["light", "dark"]) {
      await js(`document.documentElement.dataset.theme = "${theme}"; document.querySelectorAll("details").forEach(d => d.open = true)`);
      await sleep(250);
      found.push(...await js(`axe.run(document).then(r => r.violations.map(v => ({ theme: "${theme}", id: v.id, impact: v.impact, nodes: v.nodes.length, first: v.nodes[0].html.slice(0, 160), why: v.nodes[0].failureSummary.slice(0, 300) })))`));
    }
    saw.axe = found;
    await js("document.documentElement.dataset.theme = 'auto'; document.querySelectorAll('details').forEach(d => d.open = false)");
  }
  if (shots) {
    for (const [name, width, theme] of [["light", 1280, "light"], ["dark", 1280, "dark"], ["phone", 390, "light"]]) {
      await call("Emulation.setDeviceMetricsOverride", { width, height: 900, deviceScaleFactor: 1, mobile: width < 500 });
      await js(`document.documentElement.dataset.theme = "${theme}"; window.scrollTo(0, 0)`);
      await sleep(300);
      if (width < 500) saw.phoneWide = await js("document.documentElement.scrollWidth - document.documentElement.clientWidth");
      const { cssContentSize: { height } } = await call("Page.getLayoutMetrics");
      const shot = await call("Page.captureScreenshot", { format: "png", captureBeyondViewport: true, clip: { x: 0, y: 0, width, height, scale: 1 } });
      writeFileSync(join(shots, name + ".png"), Buffer.from(shot.data, "base64"));
    }
    await call("Emulation.clearDeviceMetricsOverride");
    const pdf = await call("Page.printToPDF", { preferCSSPageSize: true, printBackground: true });
    writeFileSync(join(shots, "print.pdf"), Buffer.from(pdf.data, "base64"));
  }
  const own = pathToFileURL(file).href;
  saw.requests = events.filter(e => e.method === "Network.requestWillBeSent").map(e => e.params.request.url).filter(url => url !== own && !/^(data|blob):/.test(url));
  saw.errors = events.filter(e => (e.method === "Runtime.consoleAPICalled" && ["error", "warning", "assert"].includes(e.params.type)) || e.method === "Runtime.exceptionThrown" || (e.method === "Log.entryAdded" && ["error", "warning"].includes(e.params.entry.level)))
    .map(e => e.params.entry?.text || e.params.exceptionDetails?.text || JSON.stringify(e.params.args?.map(a => a.value)))
    // The tap's own node is an old one, and says so.
    .filter(text => !/ScriptProcessorNode/.test(text));
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
setTimeout(() => { console.error("too slow"); end(1); }, 300000);
run().then(saw => { process.stdout.write(JSON.stringify(saw, null, 1) + "\n", () => end(0)); }, error => { console.error(error.stack); end(1); });
