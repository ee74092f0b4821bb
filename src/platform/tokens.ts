/** Injection token of the {@link PlatformConfig} of this process. */
export const PLATFORM_CONFIG = Symbol('PLATFORM_CONFIG');
