// The tick for voice commands: off unless the person wants them, as most browsers send the sound to their maker.
import type { App } from "./app";
import { screenOf } from "./model";
import type { Spool } from "./spool";
import { listen, type Command } from "./voice";

export function startVoice(app: App, spool: Spool): void {
  const { model } = app;
  const tick = document.querySelector<HTMLInputElement>("[data-voice]");
  if (!tick || !model.canListen) return;
  let end: (() => void) | undefined;

  const obey = (command: Command) => {
    const screen = screenOf(model);
    if (command === "start") return screen === "ready" || screen === "uploading" ? app.start() : undefined;
    if (screen !== "recording") return undefined;
    const actions = { pause: () => app.pause(), resume: () => app.resume(), stop: () => app.stop(), delete: () => app.sayDelete() };
    return actions[command]();
  };
  const failed = () => {
    tick.checked = false;
    model.notice = "Voice commands are not allowed in this browser.";
    void app.refresh();
  };
  const turn = () => {
    end?.();
    end = tick.checked ? listen(model.listensLocally, (command) => void obey(command), failed) : undefined;
  };

  tick.addEventListener("change", () => {
    void spool.keepSetting("voice", tick.checked);
    turn();
  });
  void spool.setting<boolean>("voice").then((on) => {
    tick.checked = on ?? model.listensLocally;
    if (tick.checked) turn();
  });
}
