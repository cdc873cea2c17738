// What a file is, by its first bytes: the kinds of video that the server can process.

/** Whether these can be the first bytes of a video that is taken. */
export function isVideo(head: Uint8Array): boolean {
  const text = (from: number, to: number) => String.fromCharCode(...head.subarray(from, to));
  const isMov = ["ftyp", "moov", "mdat", "wide", "free", "skip", "pnot"].includes(text(4, 8));
  const isMatroska = head[0] === 0x1a && head[1] === 0x45 && head[2] === 0xdf && head[3] === 0xa3;
  const isAvi = text(0, 4) === "RIFF" && text(8, 12) === "AVI ";
  // Packets of 188 bytes, or of 192 with a time before each.
  const isTransportStream = (head[0] === 0x47 && head[188] === 0x47) || (head[4] === 0x47 && head[196] === 0x47);
  return isMov || isMatroska || isAvi || isTransportStream;
}

/** How many bytes the look takes. */
export const HEAD_BYTES = 200;
