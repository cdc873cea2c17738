// The session's clock: seconds since the start. It never jumps, and goes on while paused and over a reload.

/** Where the session's clock stood at one moment of the steady time. */
export interface Anchor {
  /** Seconds on the session's clock. */
  clock: number;
  /** Steady time in milliseconds. */
  wall: number;
}

/** Milliseconds since 1970 as the time of day was when the page opened; setting the clock does not move it afterwards. */
export const steadyNow = () => performance.timeOrigin + performance.now();

/** Seconds on the session's clock now. After a reload with a clock that was set back it goes on where it was. */
export const clockAt = (anchor: Anchor) => anchor.clock + Math.max(0, steadyNow() - anchor.wall) / 1000;

/** The same clock, anchored at this moment. */
export const anchoredNow = (anchor: Anchor): Anchor => ({ clock: clockAt(anchor), wall: steadyNow() });
