// The table of all settings: the one place where a setting's name, kind, default and meaning are written.
// loadConfig reads the environment by it, and docs/configuration.md is made from it.

import { keySettings } from './key-settings.ts';
import { policySettings, sharedSettings } from './policy-settings.ts';
import {
  accessSettings,
  kubernetesSettings,
  launchSettings,
  limitSettings,
  listenerSettings,
  registrySettings,
  runtimeSettings,
} from './provider-settings.ts';
import type { Setting, ValueOf } from './setting.ts';

export const settings = {
  ...listenerSettings,
  ...keySettings,
  ...limitSettings,
  ...runtimeSettings,
  ...kubernetesSettings,
  ...launchSettings,
  ...accessSettings,
  ...registrySettings,
  ...sharedSettings,
  ...policySettings,
};

export type SettingName = keyof typeof settings;
export type SettingValues = { readonly [Name in SettingName]: ValueOf<(typeof settings)[Name]> };

/** The sections of docs/configuration.md. */
export const settingGroups: Readonly<Record<string, Readonly<Record<string, Setting<unknown>>>>> = {
  'Listeners and logs': listenerSettings,
  'Certificates and the sealing key': keySettings,
  'Time and load': { ...limitSettings, ...runtimeSettings },
  Launches: { ...launchSettings, ...sharedSettings },
  'Access to secrets': accessSettings,
  'Image lookups': registrySettings,
  'Kubernetes API': kubernetesSettings,
  'Read by the policies': policySettings,
};
