#!/bin/sh
# TorchSharp 0.107.0's libLibTorchSharp.so was linked with GCC 13 and asks for GLIBCXX_3.4.32 (one symbol:
# std::ios_base_library_init). Debian 12 has GCC 12's libstdc++ (3.4.30), so the library does not load.
# This patches the copy in the build output: the version need becomes weak and a 1-function shim supplies the symbol.
# Needs: gcc, patchelf, python3.   Run by the training benchmark at its start.  usage: ./fix-libstdcxx.sh <output dir>
set -e
D=$1; cd "$(dirname "$0")"
[ -e "$D/libglibcxxshim.so" ] && [ -z "$FORCE" ] && ldd "$D/libLibTorchSharp.so" 2>/dev/null | grep -q glibcxxshim && exit 0
C=$(mktemp --suffix=.c); cat > "$C" <<'C'
extern void _ZNSt8ios_base4InitC1Ev(void *); static char obj[16]; static int done;
void _ZSt21ios_base_library_initv(void) { if (!done) { done = 1; _ZNSt8ios_base4InitC1Ev(obj); } }
C
gcc -shared -fPIC -O1 -o "$D/libglibcxxshim.so" "$C" -l:libstdc++.so.6; rm -f "$C"
python3 - "$D/libLibTorchSharp.so" <<'P'
import struct,sys,os
f=sys.argv[1]; b=bytearray(open(f,'rb').read())
shoff,=struct.unpack_from('<Q',b,40); es,n=struct.unpack_from('<HH',b,58)
S=[struct.unpack_from('<IIQQQQIIQQ',b,shoff+i*es) for i in range(n)]
v=[s for s in S if s[1]==0x6ffffffe][0]; st=S[v[6]]; off=v[4]; hit=0
while True:
    _,cnt,fo,aux,nx=struct.unpack_from('<HHIII',b,off); a=off+aux
    for _ in range(cnt):
        h,fl,oth,nm,an=struct.unpack_from('<IHHII',b,a); e=b.index(0,st[4]+nm); name=b[st[4]+nm:e].decode()
        if name=='GLIBCXX_3.4.32': struct.pack_into('<H',b,a+4,fl|2); hit+=1
        a+=an
    if not nx: break
    off+=nx
assert hit==1; os.unlink(f); open(f,'wb').write(b)
P
patchelf --add-needed libglibcxxshim.so --set-rpath '$ORIGIN' "$D/libLibTorchSharp.so"
