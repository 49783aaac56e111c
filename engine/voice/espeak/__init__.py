"""Speech by eSpeak NG, a GPL-3 library that runs in a process of its own.

`tts` is what the body uses; `child` starts and watches the process; `frames` is all the two
processes share. `__main__` and `library` run in the child alone and import nothing but the
standard library and `espeakng_loader`.
"""
