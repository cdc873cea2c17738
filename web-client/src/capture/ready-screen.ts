// The list of checks before a session, kept up to date while it is looked at.
import type { App } from "./app";
import { isLensCovered } from "./lens";
import { screenOf } from "./model";
import { askServer, checks } from "./preflight";

const LISTEN_EVERY_MS = 100;
const LOOK_EVERY_MS = 1500;
const ASK_EVERY_MS = 20_000;

export function startReadyScreen(app: App): void {
  const { model } = app;
  const video = document.querySelector<HTMLVideoElement>("[data-screen=ready] [data-preview]");
  let loudest: number | undefined;
  let asked = -Infinity;
  let looking = false;

  async function look(): Promise<void> {
    const { pairing } = model;
    if (!pairing || looking || document.hidden || screenOf(model) !== "ready") return;
    looking = true;
    if (performance.now() - asked > (typeof model.reached === "object" ? ASK_EVERY_MS : LOOK_EVERY_MS)) {
      asked = performance.now();
      // Whatever hangs shall not hide the other lines.
      void askServer(pairing.token).then((reached) => {
        void app.reached(reached).then(look);
      });
      void app.lookForTasks();
    }
    const covered = video && model.stream ? isLensCovered(video) : undefined;
    model.checks = await checks(model.reached, model.stream && loudest, covered);
    loudest = undefined;
    looking = false;
    await app.refresh();
  }

  setInterval(() => {
    const level = app.level.now();
    if (level !== undefined) loudest = Math.max(loudest ?? 0, level);
  }, LISTEN_EVERY_MS);
  setInterval(() => void look(), LOOK_EVERY_MS);
  // Nobody looks: the camera's light goes off.
  document.addEventListener("visibilitychange", () => {
    if (screenOf(model) !== "ready") return;
    if (document.hidden) app.turnOffCamera();
    else void app.preview().then(look);
  });
}
