// The screen that pairs: a code from the address, the camera or the keyboard.
import type { App } from "./app";
import { scan } from "./scan";

export function startPairScreen(app: App) {
  const { model } = app;
  const form = document.querySelector<HTMLFormElement>("[data-pair]");
  const input = document.querySelector<HTMLInputElement>("#code");
  const video = document.querySelector<HTMLVideoElement>("[data-scan]");
  let scanning: AbortController | undefined;

  const redraw = () => void app.refresh();

  async function exchange(code: string): Promise<void> {
    model.notice = "Pairing…";
    redraw();
    model.notice = await app.pair(code);
    if (input && !model.notice) input.value = "";
    redraw();
  }

  form?.addEventListener("submit", (event) => {
    event.preventDefault();
    if (input?.value.trim()) void exchange(input.value.trim());
  });

  async function startScan(): Promise<void> {
    if (!video) return;
    scanning = new AbortController();
    model.scanning = true;
    model.notice = "";
    redraw();
    const elsewhere = (host: string) => {
      model.notice = `This code is for another server: ${host}. Open /capture there.`;
      redraw();
    };
    const code = await scan(video, scanning.signal, elsewhere).catch(() => {
      model.notice = "The camera does not start. Type the code instead.";
      return undefined;
    });
    model.scanning = false;
    redraw();
    if (code) await exchange(code);
  }

  return {
    /** A code that came with the address: exchanged at once, unless the device works for somebody already. */
    offer: async (code: string): Promise<void> => {
      if (input) input.value = code;
      if (!model.newCode || model.revoked) await exchange(code);
    },
    actions: {
      scan: startScan,
      "scan-stop": () => scanning?.abort(),
      "keep-pairing": () => {
        model.newCode = "";
        model.notice = "";
        void app.ready();
      },
    },
  };
}
