"""Sends requests to a server on 127.0.0.1 until the input ends or the server is gone.

Usage: load.py PORT PATH THREADS [HEADER ...]

Half of the threads keep their connections, the others open one for each request. Prints `ready` after the first
answers, and at the end one line `ANSWERS FAILURES EXAMPLE`. An answer other than 200 is a failure, and so is a request
on an open connection that gets no answer. A refused connection is none: the server has ended.
"""

import http.client
import sys
import threading

port, path, threads, *lines = sys.argv[1:]
headers = dict(line.split(": ", 1) for line in lines)
lock, stop, ready = threading.Lock(), threading.Event(), threading.Event()
answers, failures, waiting = 0, [], int(threads)


def count(failure=None):
    global answers
    with lock:
        if failure is None:
            answers += 1
        else:
            failures.append(failure)


def connect():
    connection = http.client.HTTPConnection("127.0.0.1", int(port), timeout=60)
    connection.connect()
    return connection


def work(keeps):
    global waiting
    connection = None
    while not stop.is_set():
        try:
            connection = connection or connect()
        except ConnectionRefusedError:
            return
        except OSError as error:
            count(f"connect: {error!r}")
            return
        try:
            connection.request("POST", path, b"{}", headers)
            answer = connection.getresponse()
            answer.read()
            count(None if answer.status == 200 else f"status {answer.status}")
            closes = answer.will_close
        except (OSError, http.client.HTTPException) as error:
            count(f"{'kept' if keeps else 'new'} connection: {error!r}")
            closes = True
        if closes or not keeps:
            connection.close()
            connection = None
        if waiting:
            with lock:
                waiting -= 1
            if waiting <= 0:
                ready.set()


workers = [threading.Thread(target=work, args=(number % 2 == 0,)) for number in range(int(threads))]
for worker in workers:
    worker.start()
ready.wait(60)
print("ready", flush=True)
threading.Thread(target=lambda: (sys.stdin.read(), stop.set()), daemon=True).start()
for worker in workers:
    worker.join()
print(answers, len(failures), failures[0] if failures else "-", flush=True)
