// Keeps the screen on while a session runs: a screen that goes dark ends the recording on most phones.

let wanted = false;
let lock: WakeLockSentinel | undefined;

async function take(): Promise<void> {
  if (!wanted || document.hidden || (lock && !lock.released)) return;
  lock = await navigator.wakeLock?.request("screen").catch(() => undefined);
}

export function stayAwake(on: boolean): void {
  wanted = on;
  if (on) void take();
  else void lock?.release();
}

// The browser takes the lock away whenever the page is hidden.
document.addEventListener("visibilitychange", () => void take());
