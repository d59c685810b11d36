// Reads files again when they change. Kubernetes swaps the folder behind a mounted Secret, which a watch on a file never
// sees: so the folders are watched, and as some file systems tell nothing at all, they are looked at now and then too.

import { type FSWatcher, watch } from 'node:fs';
import { dirname } from 'node:path';
import { readFile } from 'node:fs/promises';

export type WatchedFiles = { readonly stop: () => void };

export type WatchOptions = {
  readonly paths: readonly string[];
  /** Told the texts, in the order of the paths, at first and after each change. What it throws is a failure. */
  readonly use: (texts: readonly string[]) => void | Promise<void>;
  /** The former texts stay in use. Told once for each kind of failure in a row. */
  readonly onFailure: (error: unknown) => void;
};

const LOOK_EVERY_MS = 10_000;

/** Resolved after the first reading, be it a failure. */
export async function watchFiles(options: WatchOptions): Promise<WatchedFiles> {
  const check = createCheck(options);
  await check();
  const timer = setInterval(() => void check(), LOOK_EVERY_MS);
  const folders = new Set(options.paths.map((path) => dirname(path)));
  const watchers = [...folders].map((folder) => watchFolder(folder, () => void check()));
  return {
    stop: () => {
      clearInterval(timer);
      for (const watcher of watchers) watcher?.close();
    },
  };
}

function createCheck({ paths, use, onFailure }: WatchOptions): () => Promise<void> {
  let used: string | undefined;
  let failed: string | undefined;
  let last: Promise<void> = Promise.resolve();

  async function checkOnce(): Promise<void> {
    try {
      const texts = await Promise.all(paths.map((path) => readFile(path, 'utf8')));
      const all = JSON.stringify(texts);
      if (all !== used) await use(texts);
      used = all;
      failed = undefined;
    } catch (error) {
      // The same text is news again once the files are back.
      used = undefined;
      if (String(error) !== failed) onFailure(error);
      failed = String(error);
    }
  }

  // One after the other: a change during a reading is seen by the next.
  return () => (last = last.then(checkOnce));
}

function watchFolder(folder: string, onChange: () => void): FSWatcher | undefined {
  try {
    const watcher = watch(folder, { persistent: false }, onChange);
    watcher.on('error', () => {
      watcher.close();
    });
    return watcher;
  } catch {
    // It may not exist yet; the timer will find it.
    return undefined;
  }
}
