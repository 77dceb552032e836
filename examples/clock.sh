#!/bin/sh
# A bot that tells the time: say `!time` in the lobby.
#
# Start it: sh examples/clock.sh [HOST [PORT [SECONDS]]]
# It needs nothing but nc: it speaks to the server in plain lines, as you could. Ctrl+C ends it, and so does the server.
set -eu

host=${1:-127.0.0.1}
port=${2:-3030}
pause=${3:-60}

# Two pipes with names, one to speak and one to listen. Once both are open the names are not needed any more.
folder=$(mktemp -d)
mkfifo "$folder/say" "$folder/hear"
nc "$host" "$port" <"$folder/say" >"$folder/hear" &
programs=$!
trap 'kill $programs 2>/dev/null' EXIT
trap 'exit 0' HUP INT TERM
exec 3>"$folder/say" 4<"$folder/hear"
rm -r "$folder"

# Our own texts do not come back as "clock said -> …" but as "* delivered #41 *": they cannot be taken for a question.
echo "/nick clock" >&3

# nc notices only when it sends something that a server has gone without a word, and nobody may ask for days.
while sleep "$pause" >/dev/null 2>&1 3>&- 4<&- && kill -0 $$ 2>/dev/null; do echo "/times off"; done >&3 2>/dev/null &
programs="$programs $!"

while read -r line <&4; do
  case $line in
    '[COLOR ('*' said -> '*) # public, and in the lobby: other lines have another beginning
      [ "${line#* said -> }" != '!time' ] || echo "It is $(date +%H:%M)." >&3
      ;;
    '* goodbye: '*) # nc would wait for our next line
      break
      ;;
  esac
done

echo "The server cannot be reached, or has ended." >&2
exit 1
