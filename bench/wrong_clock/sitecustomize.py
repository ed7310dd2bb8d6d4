"""For a process with this folder on its PYTHONPATH, it is as much later or earlier as $WRONG_CLOCK says, in seconds.

The file may change: then the clock jumps, as one does that is set while programs run. What only counts on, such as the
length of a sleep, does not.
"""

import os
import threading
import time
from pathlib import Path

import time_machine

clock = time_machine.travel(time.time(), tick=True).start()
right_time = time_machine.escape_hatch.time.time


def follow() -> None:
    said = ""
    while Path(os.environ["WRONG_CLOCK"]).exists():
        if (found := Path(os.environ["WRONG_CLOCK"]).read_text()) and found != said:
            said = found
            clock.move_to(right_time() + float(said))
        time.sleep(0.1)


def start() -> None:
    threading.Thread(target=follow, daemon=True).start()


os.register_at_fork(after_in_child=start)
start()
