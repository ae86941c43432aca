using System.Runtime.InteropServices;
using RnnService.Storage.Examples;

namespace RnnService.Datasets;

/// <summary>A 64-bit hash of an example's input, for counting repeated ones (FNV-1a: Fowler, Noll, Vo 1991). Not for security.</summary>
internal static class InputHash
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>Equal inputs have equal hashes; the label does not count.</summary>
    public static ulong Of(DatasetExample example)
    {
        var hash = Offset;
        if (example.Text is { } text)
            return Mix(hash, MemoryMarshal.AsBytes(text.AsSpan()));
        foreach (var token in example.Tokens ?? [])
            hash = Mix(Mix(hash, MemoryMarshal.AsBytes(token.AsSpan())), [0xFF]);
        foreach (var frame in example.Frames ?? [])
            hash = Mix(hash, MemoryMarshal.AsBytes(frame.AsSpan()));
        return hash;
    }

    private static ulong Mix(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
            hash = (hash ^ value) * Prime;
        return hash;
    }
}
