"""A web server in front of a program that speaks CGI or FastCGI, until the input ends.

Usage: web_server.py KIND PROGRAM NAME=VALUE ...

KIND is lighttpd-fastcgi, nginx-fastcgi, lighttpd-cgi, nginx-fcgiwrap or apache-cgi, or an imitation: openfaas-classic,
openfaas-streaming, openfaas-serializing (watchdog.py), openwhisk-raw, openwhisk-parameters (action_proxy.py). The program
gets the variables.
Prints the port on 127.0.0.1 as soon as the server listens, then the process ids of FastCGI programs, if it started them.
"""

import os
import shutil
import socket
import subprocess
import sys
import tempfile
import time

kind, program, *pairs = sys.argv[1:]
variables = dict(pair.split("=", 1) for pair in pairs)
processes = []


def start(command, **options):
    processes.append(subprocess.Popen(command, stdout=subprocess.DEVNULL, **options))
    return processes[-1]


def find(name):
    path = shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/bin")
    if path is None:
        sys.exit(f"{name} is not installed")
    return path


def write(name, text):
    path = os.path.join(place, name)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def fastcgi_programs(count):
    """Processes that share a listening socket, as a process manager starts them."""
    path = os.path.join(place, "socket")
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(path)
        listener.listen(128)
        os.chmod(path, 0o777)
        return path, [start([program], stdin=listener, env=variables) for _ in range(count)]


def lighttpd(modules, rules):
    text = f"""
        server.document-root = "{place}"
        server.bind = "127.0.0.1"
        server.port = {port}
        server.modules = ({modules})
        server.errorlog = "{place}/log"
        server.http-parseopts = ("method-get-body" => "enable")
        {rules}
    """
    return start([find("lighttpd"), "-D", "-f", write("lighttpd.conf", text)], stdin=subprocess.DEVNULL)


def nginx(rules, server=""):
    user = "user root;" if os.geteuid() == 0 else ""
    text = f"""
        {user} daemon off; master_process on; worker_processes 1; pid {place}/pid; error_log {place}/log;
        events {{ worker_connections 512; }}
        http {{
            access_log off; client_max_body_size 64m; client_body_temp_path {place}/body; fastcgi_temp_path {place}/f;
            proxy_temp_path {place}/p; uwsgi_temp_path {place}/u; scgi_temp_path {place}/s;
            {server}
            server {{ listen 127.0.0.1:{port}; location / {{ {rules} }} }}
        }}
    """
    return start([find("nginx"), "-c", write("nginx.conf", text), "-e", f"{place}/log"], stdin=subprocess.DEVNULL)


PARAMETERS = """
    fastcgi_param REQUEST_METHOD $request_method; fastcgi_param CONTENT_TYPE $content_type;
    fastcgi_param CONTENT_LENGTH $content_length; fastcgi_param SCRIPT_NAME $uri; fastcgi_param QUERY_STRING $query_string;
    fastcgi_param REMOTE_ADDR $remote_addr; fastcgi_param SERVER_PROTOCOL $server_protocol;
    fastcgi_param GATEWAY_INTERFACE CGI/1.1;
"""


def quoted(pairs):
    return ", ".join(f'"{name}" => "{value}"' for name, value in pairs.items())


def serve():
    match kind:
        case "lighttpd-fastcgi":
            path, programs = fastcgi_programs(2)
            lighttpd('"mod_fastcgi"', f'fastcgi.server = ("/" => (("socket" => "{path}", "check-local" => "disable")))')
            return programs
        case "nginx-fastcgi":
            path, programs = fastcgi_programs(2)
            upstream = f"upstream programs {{ server unix:{path}; keepalive 8; }}"
            nginx(f"{PARAMETERS} fastcgi_keep_conn on; fastcgi_pass programs;", upstream)
            return programs
        case "lighttpd-cgi":
            rules = f"""
                alias.url = ("" => "{program}")
                cgi.assign = ("" => "")
                setenv.set-environment = ({quoted(variables)})
            """
            lighttpd('"mod_setenv", "mod_alias", "mod_cgi"', rules)
        case "nginx-fcgiwrap":
            path = os.path.join(place, "socket")
            start([find("fcgiwrap"), "-s", f"unix:{path}"], stdin=subprocess.DEVNULL, env=variables)
            more = "".join(f'fastcgi_param {name} "{value}";' for name, value in variables.items())
            nginx(f"{PARAMETERS} {more} fastcgi_param SCRIPT_FILENAME \"{program}\"; fastcgi_pass unix:{path};")
        case "apache-cgi":
            modules = "/usr/lib/apache2/modules"
            text = f"""
                ServerName localhost
                ServerRoot {place}
                PidFile {place}/pid
                ErrorLog {place}/log
                Listen 127.0.0.1:{port}
                LoadModule mpm_event_module {modules}/mod_mpm_event.so
                LoadModule authz_core_module {modules}/mod_authz_core.so
                LoadModule alias_module {modules}/mod_alias.so
                LoadModule env_module {modules}/mod_env.so
                LoadModule cgid_module {modules}/mod_cgid.so
                ScriptSock {place}/cgid
                Mutex pthread
                ScriptAlias / "{program}/"
                <Location />
                CGIPassAuth On
                Require all granted
                </Location>
            """ + "".join(f'SetEnv {name} "{value}"\n' for name, value in variables.items())
            if os.geteuid() == 0:
                text += "User nobody\nGroup nogroup\n"
            start([find("apache2"), "-D", "FOREGROUND", "-f", write("apache.conf", text)], stdin=subprocess.DEVNULL)
        case _:
            platform, mode = kind.split("-")
            script = os.path.join(os.path.dirname(__file__), {"openfaas": "watchdog.py", "openwhisk": "action_proxy.py"}[platform])
            start([sys.executable, script, str(port), mode, program], stdin=subprocess.DEVNULL, env=variables)
    return []


with socket.socket() as probe:
    probe.bind(("127.0.0.1", 0))
    port = probe.getsockname()[1]

with tempfile.TemporaryDirectory() as place:
    os.chmod(place, 0o755)
    try:
        programs = serve()
        give_up = time.monotonic() + 60
        while True:
            try:
                socket.create_connection(("127.0.0.1", port), timeout=1).close()
                break
            except OSError:
                if time.monotonic() > give_up:
                    logs = [os.path.join(place, "log")]
                    sys.exit(f"{kind} did not start: {[open(log, encoding='utf-8').read() for log in logs if os.path.exists(log)]}")
                time.sleep(0.02)
        print(port, *(program.pid for program in programs), flush=True)
        sys.stdin.read()
    finally:
        for process in reversed(processes):
            process.terminate()
        for process in processes:
            process.wait()
