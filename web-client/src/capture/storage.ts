// Room on the device's disk.

/** Until a session has shown what a minute takes. */
const BYTES_PER_MINUTE = 24_000_000;
export const FEW_MINUTES = 10;

/** Minutes that can still be recorded; `undefined` where the browser does not tell. */
export async function minutesOfRoom(): Promise<number | undefined> {
  const { quota, usage } = (await navigator.storage?.estimate?.().catch(() => undefined)) ?? {};
  return quota === undefined || usage === undefined ? undefined : Math.max(0, Math.floor((quota - usage) / BYTES_PER_MINUTE));
}

/** Asks the browser not to clear the spool when it needs room. */
export const keepForGood = () => navigator.storage?.persist?.().catch(() => false);
