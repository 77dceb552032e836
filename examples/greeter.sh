#!/bin/sh
# A bot that welcomes everyone who comes into the lobby.
#
# Start it where `python` is the one with termcolor (source .venv/bin/activate): sh examples/greeter.sh [HOST [PORT]]
# It talks through `client.py --json`, which writes one event a line and reconnects by itself. Ctrl+C ends it.
set -eu

host=${1:-127.0.0.1}
port=${2:-3030}

# Two pipes with names, one to speak and one to listen. Once both are open the names are not needed any more.
folder=$(mktemp -d)
mkfifo "$folder/say" "$folder/hear"
"${PYTHON:-python}" "$(dirname "$0")/../client.py" --host "$host" --port "$port" --name greeter --history 0 --json \
  <"$folder/say" >"$folder/hear" &
exec 3>"$folder/say" 4<"$folder/hear"
rm -r "$folder"
# With our end its input ends, and so does the client. If nothing had ever come in, it would go on listening.
echo "/color cyan" >&3

value_of() { # of a field, as it stands in the event; enough for names and lists of names, which hold no quotes
  printf '%s\n' "$event" | sed -En "s/.*\"$1\":(\[[^]]*\]|\"[^\"]*\").*/\1/p" | tr -d '"[]' | tr ',' ' '
}

me=
while read -r event <&4; do
  case $event in
    '{"type":"welcome",'*)
      me=$(value_of name)
      ;;
    '{"type":"presence","room":"lobby",'*'"joined":['*)
      for name in $(value_of joined); do
        [ "$name" = "$me" ] || echo "Welcome, $name!" >&3
      done
      ;;
  esac
done

echo "The client has ended." >&2
exit 1
