// Pairing: a code, from the address, the camera or the keyboard, is exchanged for the device's token.
import { call, NoNetwork } from "./api";
import type { Pairing } from "./types";

/** The code in `#pair=…` of the address. It is taken out of the address at once: whoever looks later does not see it. */
export function codeFromAddress(): string | undefined {
  const code = codeIn(location.href);
  if (location.hash) history.replaceState(null, "", location.pathname + location.search);
  return code;
}

/** The code in an address such as the QR code holds. */
export const codeIn = (address: string) => /#pair=([^&]+)/.exec(address)?.[1];

/** Exchanges the code. */
export async function pair(code: string, serial: string): Promise<Pairing> {
  const body = { code, model: await model(), serial, software_version: document.documentElement.dataset["version"] };
  const paired = await call<Pairing>("POST", "/api/v1/pair", { body });
  if (!paired.token) throw new NoNetwork("this is not the server's answer");
  return paired;
}

interface UserAgentData {
  platform: string;
  getHighEntropyValues(hints: string[]): Promise<{ model?: string }>;
}

/** What the Dashboard shows of the device, as far as the browser tells: `Pixel 8`, `iPhone`, `Linux, Firefox`. */
async function model(): Promise<string> {
  const browser = /Firefox|Edg|OPR|SamsungBrowser|Chrome|Safari/.exec(navigator.userAgent)?.[0] ?? "browser";
  const data = (navigator as { userAgentData?: UserAgentData }).userAgentData;
  const told = await data?.getHighEntropyValues(["model"]).catch(() => undefined);
  const system = /iPhone|iPad|Android|Windows|Mac OS X|Linux/.exec(navigator.userAgent)?.[0] ?? "Device";
  return told?.model || `${data?.platform || system}, ${browser}`;
}
