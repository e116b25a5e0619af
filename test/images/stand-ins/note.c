/* The smallest module of Redis and Valkey: it has a name and nothing else. Needs neither headers nor a C library. */
typedef int (*get_api)(const char *, void **);
typedef void (*set_attributes)(void *, const char *, int, int);

int RedisModule_OnLoad(void **context, void **arguments, int count) {
  void *function = 0;
  (void)arguments, (void)count;
  /* The context begins with the function that looks up all others. */
  if (((get_api)context[0])("RedisModule_SetModuleAttribs", &function) != 0) return 1;
  ((set_attributes)function)(context, "note", 1, 1);
  return 0;
}
