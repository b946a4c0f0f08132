#!/usr/bin/env bash
# Native place, written as the appointment form wants it: province and county, both short.
#
# cpca 0.5.5 and jionlp 1.5.31.
#
# The form (干部任免审批表) says "河北张北" for Zhangbei county in Hebei. Both libraries find
# province, city and county in a Chinese address.
#
# One would guess: with the province given, the short name of a county is found, whether its full
# name ends in 市, 县 or 区; and where a name is that of a city and of a county in it, one library
# decides one way.
# What it does:
#   - cpca finds a county by its short name only if the full one ends in 市; every 县 and 区 is
#     missed, and the name stays behind as the rest of the address;
#   - jionlp finds all of them. But of names shared by a city and a county it answers the city for
#     some and the county for others: 邵阳 and 吉安 are the cities, 长沙, 通化 and 本溪 the counties.
#
# Seen (text, then province, city and county from cpca, then from jionlp):
#   湖南湘乡 | 湖南省 湘潭市 湘乡市 | 湖南省 湘潭市 湘乡市
#   河南新郑 | 河南省 郑州市 新郑市 | 河南省 郑州市 新郑市
#   河北张北 | 河北省 - - | 河北省 张家口市 张北县
#   陕西米脂 | 陕西省 - - | 陕西省 榆林市 米脂县
#   四川仪陇 | 四川省 - - | 四川省 南充市 仪陇县
#   上海嘉定 | 上海市 - - | 上海市 上海市 嘉定区
#   湖南邵阳 | 湖南省 邵阳市 - | 湖南省 邵阳市 -
#   江西吉安 | 江西省 吉安市 - | 江西省 吉安市 -
#   湖南长沙 | 湖南省 长沙市 - | 湖南省 长沙市 长沙县
#   吉林通化 | 吉林省 通化市 - | 吉林省 通化市 通化县
#   辽宁本溪 | 辽宁省 本溪市 - | 辽宁省 本溪市 本溪满族自治县
#
# Where it matters: native place decides who may lead where (officials must not be heads in their
# home county). With cpca most county people have none; with jionlp a person from the city of
# Changsha is one of Changsha county.
set -euo pipefail

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
python=
for candidate in ${PYTHON:-python3.13 python3.12 $HOME/.pyenv/versions/3.1[23]*/bin/python3}; do
    if "$candidate" -c 'import sys; sys.exit(sys.version_info < (3, 12))' 2>/dev/null; then
        python=$candidate
        break
    fi
done
[ -n "$python" ] || { echo "no Python of at least 3.12: set PYTHON" >&2; exit 2; }
"$python" -m venv "$work/venv"
cd "$work"
venv/bin/pip install --quiet cpca==0.5.5 'setuptools<81' pandas==2.3.3 jionlp==1.5.31

venv/bin/python -W ignore - <<'PYTHON' | grep -v '^#'
import cpca
import jionlp

SEEN = {
    "湖南湘乡": ("湖南省 湘潭市 湘乡市", "湖南省 湘潭市 湘乡市"),
    "河南新郑": ("河南省 郑州市 新郑市", "河南省 郑州市 新郑市"),
    "河北张北": ("河北省 - -", "河北省 张家口市 张北县"),
    "陕西米脂": ("陕西省 - -", "陕西省 榆林市 米脂县"),
    "四川仪陇": ("四川省 - -", "四川省 南充市 仪陇县"),
    "上海嘉定": ("上海市 - -", "上海市 上海市 嘉定区"),
    "湖南邵阳": ("湖南省 邵阳市 -", "湖南省 邵阳市 -"),
    "江西吉安": ("江西省 吉安市 -", "江西省 吉安市 -"),
    "湖南长沙": ("湖南省 长沙市 -", "湖南省 长沙市 长沙县"),
    "吉林通化": ("吉林省 通化市 -", "吉林省 通化市 通化县"),
    "辽宁本溪": ("辽宁省 本溪市 -", "辽宁省 本溪市 本溪满族自治县"),
}


def told(values):
    return " ".join(value if isinstance(value, str) and value else "-" for value in values)


table = cpca.transform(list(SEEN))
read = {}
for place, row in zip(SEEN, table.itertuples(index=False), strict=True):
    parsed = jionlp.parse_location(place)
    read[place] = (told(row[:3]), told([parsed["province"], parsed["city"], parsed["county"]]))
    print(place, *read[place], sep=" | ")
assert read == SEEN
PYTHON
