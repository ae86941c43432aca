using System.Runtime.InteropServices;

namespace RnnService.Storage.Examples;

/// <summary>64-bit hashes of an example's parts, for counting repeated ones (FNV-1a: Fowler, Noll, Vo 1991). Not for security.</summary>
internal static class ExampleHash
{
    private const ulong Offset = 14695981039346656037;
    private const ulong Prime = 1099511628211;

    /// <summary>Equal inputs have equal hashes, whatever is to come out.</summary>
    public static ulong OfInput(DatasetExample example)
    {
        var hash = Mix(Mix(Offset, example.Text), MemoryMarshal.AsBytes(example.Features.AsSpan()));
        foreach (var token in example.Tokens ?? [])
            hash = Mix(Mix(hash, token), [0xFF]);
        foreach (var frame in example.Frames ?? [])
            hash = Mix(hash, MemoryMarshal.AsBytes(frame.AsSpan()));
        return hash;
    }

    /// <summary>Equal labels and equal targets have equal hashes.</summary>
    public static ulong OfOutput(DatasetExample example)
    {
        var hash = Mix(Mix(Offset, example.Label), example.Target);
        foreach (var label in example.Labels ?? [])
            hash = Mix(Mix(hash, label), [0xFF]);
        return hash;
    }

    /// <summary>Equal rows have equal hashes: the same goes in and the same is to come out.</summary>
    public static ulong OfRow(DatasetExample example) => OfInput(example) ^ ulong.RotateLeft(OfOutput(example), 1);

    private static ulong Mix(ulong hash, string? text) => Mix(hash, MemoryMarshal.AsBytes(text.AsSpan()));

    private static ulong Mix(ulong hash, ReadOnlySpan<byte> bytes)
    {
        foreach (var value in bytes)
            hash = (hash ^ value) * Prime;
        return hash;
    }
}
