// Tells the server what is still on the device, so that the office knows of recordings before they arrive.
import { call } from "./api";
import { clockAt } from "./clock";
import { battery } from "./preflight";
import type { Spool } from "./spool";
import { minutesOfRoom } from "./storage";
import { isOurs, type Pairing } from "./types";

export async function report(spool: Spool, pairing: Pairing): Promise<void> {
  const [charge, room, waiting, all] = await Promise.all([battery(), minutesOfRoom(), spool.waiting(), spool.sessions()]);
  // What was recorded for another seat is none of this office's business.
  const sessions = all.filter((session) => isOurs(session, pairing));
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
  await call("PUT", "/api/v1/device", { token: pairing.token, body });
}
