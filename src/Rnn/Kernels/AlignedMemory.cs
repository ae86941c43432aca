using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;

namespace Rnn.Kernels;

/// <summary>Float buffers that start on a cache line, so that no 64-byte vector straddles two, and lie in huge pages where the system gives them to those who ask.</summary>
public static partial class AlignedMemory
{
    private const int CacheLine = 64;
    private const int HugePage = 1 << 21;
    private const int AdviseHugePages = 14;

    /// <summary>A zeroed buffer of <paramref name="length"/> floats, aligned to 64 bytes and pinned for its lifetime.</summary>
    public static unsafe Memory<float> Allocate(int length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        float[] array = GC.AllocateUninitializedArray<float>(length + (CacheLine / sizeof(float)), pinned: true);
        nuint address = (nuint)Unsafe.AsPointer(ref array[0]);
        // Before the first touch: a page that is there already stays as small as it is.
        if (OperatingSystem.IsLinux() && (long)length * sizeof(float) >= HugePage) _ = Advise(address / HugePage * HugePage, ((nuint)length * sizeof(float)) + HugePage, AdviseHugePages);
        Array.Clear(array);
        int skip = (int)((CacheLine - (address % CacheLine)) % CacheLine) / sizeof(float);
        return array.AsMemory(skip, length);
    }

    [LibraryImport("libc", EntryPoint = "madvise")]
    private static partial int Advise(nuint address, nuint length, int advice);
}
