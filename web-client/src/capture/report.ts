// Tells the server what is still on the device, so that the office knows of recordings before they arrive.
import { call } from "./api";
import { clockAt } from "./clock";
import { battery } from "./preflight";
import type { Spool } from "./spool";
import { minutesOfRoom } from "./storage";

export async function report(spool: Spool, token: string): Promise<void> {
  const [charge, room, waiting, sessions] = await Promise.all([battery(), minutesOfRoom(), spool.waiting(), spool.sessions()]);
  const body = {
    battery_percent: charge?.percent,
    storage_minutes: room,
    software_version: document.documentElement.dataset["version"],
    sessions: sessions.map((session) => ({
      session_id: session.id,
      started_seconds_ago: Math.round(clockAt(session.anchor)),
      parts: waiting.get(session.key)?.parts ?? 0,
      bytes: waiting.get(session.key)?.bytes ?? 0,
    })),
  };
  await call("PUT", "/api/v1/device", { token, body });
}
