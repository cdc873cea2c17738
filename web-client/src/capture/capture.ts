// Capture in a browser: the page /capture as a recording device. Only one tab records; others wait for it to close.
import "../style/capture.css";
import { App } from "./app";
import { recordingFormat } from "./camera";
import { emptyModel, screenOf } from "./model";
import { codeFromAddress } from "./pairing";
import { startPairScreen } from "./pair-screen";
import { startReadyScreen } from "./ready-screen";
import { canScan } from "./scan";
import { installWorker } from "./shell";
import { Spool } from "./spool";
import type { Pairing } from "./types";
import { draw, drawLive } from "./view";
import { canListen, listensLocally } from "./voice";
import { startVoice } from "./voice-switch";

const LEVEL_EVERY_MS = 200;

const code = codeFromAddress();
const model = emptyModel();
const redraw = () => void draw(model);

/** What this browser cannot do without. */
async function lacking(format: string | undefined): Promise<string[]> {
  const needed: [string, unknown][] = [
    ["MediaRecorder", "MediaRecorder" in window && format],
    ["camera access", navigator.mediaDevices?.getUserMedia],
    ["IndexedDB", "indexedDB" in window],
    ["Web Locks", navigator.locks],
  ];
  return needed.filter(([, there]) => !there).map(([name]) => name);
}

async function lead(format: string): Promise<void> {
  model.leads = true;
  redraw();
  const spool = await Spool.open();
  model.pairing = await spool.setting<Pairing>("pairing");
  const app = new App(spool, model, format, redraw);
  model.newCode = model.pairing ? (code ?? "") : "";
  const pairScreen = startPairScreen(app);
  startReadyScreen(app);
  startVoice(app, spool);
  const actions: Record<string, () => unknown> = {
    start: () => app.start(),
    stop: () => app.stop(),
    pause: () => app.pause(),
    resume: () => app.resume(),
    delete: () => app.tapDelete(),
    camera: () => app.tryCamera(),
    "go-on": () => app.goOn(),
    ready: () => app.ready(),
    agree: () => app.agree(),
    ...pairScreen.actions,
  };
  document.addEventListener("click", ({ target }) => {
    const action = target instanceof Element && target.closest<HTMLElement>("[data-do]")?.dataset["do"];
    app.level.touched();
    if (action) void actions[action]?.();
  });
  document.addEventListener("change", ({ target }) => {
    if (target instanceof HTMLSelectElement && "task" in target.dataset) model.task = target.value;
  });
  setInterval(() => drawLive(model, app.level.now()), LEVEL_EVERY_MS);
  // The code was scanned while the page was open.
  addEventListener("hashchange", () => {
    const another = codeFromAddress();
    if (!another) return;
    model.newCode = model.pairing ? another : "";
    redraw();
    void pairScreen.offer(another);
  });
  await app.open();
  if (code) await pairScreen.offer(code);
  installWorker(() => ["ready", "pairing", "uploading"].includes(screenOf(model)));
}

async function open(): Promise<void> {
  const format = "MediaRecorder" in window ? await recordingFormat() : undefined;
  model.lacking = isSecureContext ? await lacking(format) : [];
  [model.canScan, model.canListen, model.listensLocally] = [await canScan(), canListen(), await listensLocally()];
  redraw();
  if (screenOf(model) === "insecure" || !format || model.lacking.length > 0) return;
  // The lock is held as long as the page lives.
  await navigator.locks.request("trainar-capture", async () => {
    await lead(format).catch((error: unknown) => {
      console.error(error);
      model.lacking = [`storage for recordings (${error instanceof Error ? error.message : String(error)})`];
      redraw();
    });
    await new Promise(() => {});
  });
}

void open();
