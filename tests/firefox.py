"""Lets Firefox take the place of Chromium in the tests that only run a script, by WebDriver BiDi, without a driver.

    PYTHONPATH=.:tests FIREFOX=/usr/bin/firefox-esr python -m pytest -p firefox -p no:randomly \\
        tests/viz/test_viz_javascript.py tests/viz/test_viz_graph_script.py

It is no part of the suite: where Firefox 153 ESR was at hand (Debian's firefox-esr), these tests passed in it.
"""

import itertools
import json
import os
import subprocess
import tempfile
import time

import browser
from websocket import WebSocketException, create_connection

PORT, PATIENCE = 9337, 60  # seconds


class Firefox:
    """A browser window, of which the tests use no more than this."""

    def __init__(self):
        self.home = tempfile.TemporaryDirectory()
        command = [os.environ["FIREFOX"], "--headless", "--no-remote", "--profile", self.home.name]
        command += ["--remote-debugging-port", str(PORT)]
        self.process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        self.ids = itertools.count()
        self.socket = self._connected()
        self._call("session.new", capabilities={})
        self.window = self._call("browsingContext.getTree")["contexts"][0]["context"]

    def _connected(self):
        late = time.monotonic() + PATIENCE
        while True:
            try:
                address = f"ws://127.0.0.1:{PORT}/session"
                return create_connection(address, timeout=PATIENCE, suppress_origin=True)
            except (OSError, WebSocketException):
                if time.monotonic() > late:
                    raise
                time.sleep(0.2)

    def _call(self, method, **parameters):
        number = next(self.ids)
        self.socket.send(json.dumps({"id": number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self.socket.recv())
            if answer.get("id") == number:
                assert "error" not in answer, answer
                return answer["result"]

    def get(self, address):
        self._call("browsingContext.navigate", context=self.window, url=address, wait="complete")

    def get_log(self, _):
        return []

    def execute_script(self, script, *arguments):
        expression = f"JSON.stringify((function () {{ {script} }})(...{json.dumps(arguments)}) ?? null)"
        target = {"context": self.window}
        told = self._call("script.evaluate", expression=expression, target=target, awaitPromise=True)
        assert told["type"] == "success", told["exceptionDetails"]["text"]
        return json.loads(told["result"]["value"])

    def quit(self):
        self.socket.close()
        self.process.terminate()
        self.process.wait()
        self.home.cleanup()


browser.start = Firefox
