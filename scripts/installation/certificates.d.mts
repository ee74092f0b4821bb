/** Paths of the PEM files that were written. */
export function makeCertificates(folder: string, lifetime?: number): Promise<{ ca: string; cert: string; key: string }>;
