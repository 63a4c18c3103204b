"""Real worker processes, which are killed, suspended for longer than their leases, and restarted."""

import os
import signal
import subprocess
import threading
import time


class Workers(threading.Thread):
    def __init__(self, program, environment, count, log, random, counters, lease):
        super().__init__(daemon=True)
        self.program, self.environment, self.log = program, environment, log
        self.random, self.counters, self.lease = random, counters, lease
        self.is_calm = threading.Event()  # when set, no worker is killed
        self.processes = [self.spawn() for _ in range(count)]

    def spawn(self):
        return subprocess.Popen(
            [self.program, "--forever"], env=self.environment, stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log
        )

    def run(self):
        deploy = time.monotonic() + 3
        while not self.is_calm.wait(0.2 + self.random.random() * 0.6):
            if time.monotonic() >= deploy:
                for index in range(len(self.processes)):
                    self.replace(index, signal.SIGTERM)
                deploy = time.monotonic() + 2 + self.random.random() * 3
                continue
            index = self.random.randrange(len(self.processes))
            if self.random.random() < 0.15:
                self.stall(index)
            else:
                self.replace(index, signal.SIGTERM if self.random.random() < 0.15 else signal.SIGKILL)

    def stall(self, index):
        """Suspends a worker until other workers have claimed its jobs, then resumes it."""
        process = self.processes[index]
        process.send_signal(signal.SIGSTOP)
        self.counters.add("stalls")
        timer = threading.Timer(self.lease * 1.5, process.send_signal, [signal.SIGCONT])
        timer.daemon = True
        timer.start()

    def replace(self, index, sign):
        process = self.processes[index]
        if process.poll() is not None:
            self.counters.break_(f"a worker ended by itself with status {process.returncode}; see {self.log.name}")
        process.send_signal(sign)
        self.counters.add("kills" if sign == signal.SIGKILL else "terminations")
        if sign == signal.SIGKILL:
            process.wait()
        else:
            threading.Thread(target=process.wait, daemon=True).start()
        self.processes[index] = self.spawn()

    def stop(self):
        for process in self.processes:
            if process.poll() is not None:
                self.counters.break_(f"a worker ended by itself with status {process.returncode}; see {self.log.name}")
                continue
            process.send_signal(signal.SIGCONT)
            process.kill()
            process.wait()


def environment(address, lease):
    """The environment of a worker; it contains nothing of the caller's environment except PATH."""
    return {
        "PATH": os.environ.get("PATH", "/usr/bin:/bin"),
        "DATABASE_URL": address,
        "LOG_LEVEL": "warning",
        "NOFX_JWT_SECRET": "0123456789abcdef0123456789abcdef",
        "NOFX_JWT_ISSUER": "https://chaos.example",
        "NOFX_JWT_AUDIENCE": "nofx",
        "NOFX_HTTP_ALLOW": "127.0.0.0/8",
        "NOFX_DEFAULT_TOOLS": "all",
        "NOFX_WORKER_LEASE_SECONDS": str(lease),
        "NOFX_WORKER_GRACE_SECONDS": "1",
        "NOFX_TEAM_LIMIT": "40",
    }
