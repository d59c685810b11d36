// Where the bundle of the provider stands, and what its image is built from.

import { copyFileSync, cpSync } from 'node:fs';
import { join } from 'node:path';

const root = join(import.meta.dirname, '../..');

/** Made by bundle.ts: a module for each thread, the parts that they share or load later, source maps, licences. */
export const bundleFolder = join(root, 'build/provider');

/** Of the packages that parts of the bundle are from. */
export const noticesFile = join(bundleFolder, 'NOTICES.txt');

/** Beside them the image needs the program `node`. */
export function copyImageFiles(folder: string): void {
  copyFileSync(join(root, 'images/provider/Dockerfile'), join(folder, 'Dockerfile'));
  cpSync(bundleFolder, join(folder, 'provider'), { recursive: true });
}
