// A service account, as tokens, allow-lists and logs name it.

export type ServiceAccount = { readonly namespace: string; readonly name: string };
