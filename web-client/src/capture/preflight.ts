// What is looked at before a session: what the server knows, and what only the device does.
import { call, NoNetwork, Revoked } from "./api";
import { FEW_MINUTES, minutesOfRoom } from "./storage";

/** One line of the list. */
export interface Check {
  name: string;
  state: "ok" | "warn" | "bad" | "unknown";
  text: string;
}

/** What the server says. */
export interface ServerFacts {
  server_time: string;
  minutes_left: number | null;
  heartbeat_seconds?: number;
  /** Null where none stands; a server of before does not tell. */
  recording_notice?: { version: number; text: string; language: string } | null;
  consent?: { version: number; text: string; accepted_at: string | null } | null;
}

export type Reached = { facts: ServerFacts; ms: number; at: number } | "lost" | "revoked" | undefined;

/** Asks the server, and takes the time. */
export async function askServer(token: string): Promise<Reached> {
  const begun = performance.now();
  try {
    const facts = await call<ServerFacts>("GET", "/api/v1/preflight", { token });
    if (!facts.server_time) throw new NoNetwork("this is not the server's answer");
    return { facts, ms: Math.round(performance.now() - begun), at: Date.now() };
  } catch (error) {
    return error instanceof Revoked ? "revoked" : "lost";
  }
}

interface Battery {
  level: number;
  charging: boolean;
}

/** Charge in percent; `undefined` where the browser does not tell. */
export async function battery(): Promise<{ percent: number; charging: boolean } | undefined> {
  const get = (navigator as { getBattery?: () => Promise<Battery> }).getBattery;
  const told = await get?.call(navigator).catch(() => undefined);
  return told && { percent: Math.round(told.level * 100), charging: told.charging };
}

/** All lines. `level` and `covered` are `undefined` while camera and microphone are off. */
export async function checks(server: Reached, level: number | undefined, covered: boolean | undefined): Promise<Check[]> {
  const [charge, room] = await Promise.all([battery(), minutesOfRoom()]);
  return [networkCheck(server), minutesCheck(server), batteryCheck(charge), roomCheck(room), soundCheck(level), lensCheck(covered), clockCheck(server)];
}

function networkCheck(server: Reached): Check {
  const name = "Network";
  if (server === undefined) return { name, state: "unknown", text: "asking" };
  if (typeof server === "string") return { name, state: "warn", text: "none: sessions are saved on this device" };
  return { name, state: server.ms > 2000 ? "warn" : "ok", text: `${server.ms} ms` };
}

function minutesCheck(server: Reached): Check {
  const name = "Minutes left";
  if (!server || typeof server === "string") return { name, state: "unknown", text: "not known" };
  const left = server.facts.minutes_left;
  if (left === null) return { name, state: "ok", text: "not counted" };
  return { name, state: left === 0 ? "bad" : left < 30 ? "warn" : "ok", text: `${left} min` };
}

function batteryCheck(charge: { percent: number; charging: boolean } | undefined): Check {
  const name = "Battery";
  if (!charge) return { name, state: "unknown", text: "not known" };
  const state = charge.charging || charge.percent >= 30 ? "ok" : charge.percent >= 15 ? "warn" : "bad";
  return { name, state, text: `${charge.percent} %${charge.charging ? ", charging" : ""}` };
}

function roomCheck(minutes: number | undefined): Check {
  const name = "Storage";
  if (minutes === undefined) return { name, state: "unknown", text: "not known" };
  const text = minutes >= 600 ? "more than 10 h" : minutes >= 120 ? `about ${Math.floor(minutes / 60)} h` : `about ${minutes} min`;
  return { name, state: minutes < FEW_MINUTES ? "bad" : minutes < 60 ? "warn" : "ok", text };
}

function soundCheck(level: number | undefined): Check {
  const name = "Microphone";
  if (level === undefined) return { name, state: "unknown", text: "not known" };
  return level === 0 ? { name, state: "warn", text: "no sound" } : { name, state: "ok", text: level < 0.2 ? "quiet" : "hears you" };
}

function lensCheck(covered: boolean | undefined): Check {
  const name = "Lens";
  if (covered === undefined) return { name, state: "unknown", text: "not known" };
  return covered ? { name, state: "bad", text: "covered or in the dark" } : { name, state: "ok", text: "clear" };
}

function clockCheck(server: Reached): Check {
  const name = "Clock";
  if (!server || typeof server === "string") return { name, state: "unknown", text: "not known" };
  const minutes = Math.round(Math.abs(server.at - Date.parse(server.facts.server_time)) / 60_000);
  return minutes < 2 ? { name, state: "ok", text: "right" } : { name, state: "warn", text: `wrong by ${minutes} min, which does no harm` };
}
