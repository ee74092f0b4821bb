/** Injection token of the {@link PlatformConfig} of this process. */
export const PLATFORM_CONFIG = Symbol('PLATFORM_CONFIG');

/** Injection token of the Redis connection for commands; wake-ups have one of their own besides. */
export const REDIS = Symbol('redis');
