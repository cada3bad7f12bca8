const SMALL_BYTES = 512;
const BLOCK_BYTES = 4_096;
const WAIT_MS = 10; // for more of them
const MAX_CHUNKS = 512; // of a block: its bytes would cost some hundred times as much as others

/**
 * Joins the small chunks of a body: as a buffer each, one in chunks of one byte takes 100 times its
 * size in memory.
 * @param push takes a chunk, and null at the end; returns whether more may come
 * @param refuse called if chunks of a few bytes come by the thousands
 */
export const joinSmallChunks = (
  push: (chunk: Uint8Array | null) => boolean,
  refuse: () => void,
) => {
  let block: Buffer | undefined;
  let size = 0; // of what is in the block
  let chunks = 0; // that it is made of
  let timer: NodeJS.Timeout | undefined;
  let wantsMore = true;
  const flush = () => {
    clearTimeout(timer);
    timer = undefined;
    if (block && size > 0) wantsMore = push(Buffer.from(block.subarray(0, size)));
    size = 0;
    chunks = 0;
  };
  return (chunk: Uint8Array | null): boolean => {
    if (chunk === null || chunk.length >= SMALL_BYTES) {
      flush();
      return push(chunk);
    }
    if (size + chunk.length > BLOCK_BYTES) flush();
    block ??= Buffer.allocUnsafe(BLOCK_BYTES);
    block.set(chunk, size);
    size += chunk.length;
    chunks += 1;
    if (chunks > MAX_CHUNKS) refuse();
    timer ??= setTimeout(flush, WAIT_MS);
    return wantsMore;
  };
};
