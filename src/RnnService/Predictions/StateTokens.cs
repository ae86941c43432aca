using System.Buffers.Binary;
using System.Runtime.InteropServices;
using System.Security.Cryptography;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.WebUtilities;
using RnnService.Registry;

namespace RnnService.Predictions;

/// <summary>
/// The state of a sequence as the client keeps it: opaque and tamper-proof (ASP.NET Data Protection, keys in the database), so any replica goes on with it, and keeping or
/// reusing it is snapshot and fork. Bound to what it was made by: the version's weights, the kind of prediction and the precision of the weights that read it.
/// </summary>
internal sealed class StateTokens(IDataProtectionProvider protection, RnnServiceOptions options)
{
    /// <summary>The token of a state.</summary>
    /// <param name="kind"><c>label</c> or <c>generate</c>.</param>
    /// <param name="model">The version that made it.</param>
    /// <param name="values">The network's state.</param>
    /// <param name="next">What is read next, for a text.</param>
    public string Protect(string kind, ResolvedModel model, ReadOnlySpan<float> values, int next = 0)
    {
        var bytes = new byte[sizeof(int) + values.Length * sizeof(float)];
        BinaryPrimitives.WriteInt32LittleEndian(bytes, next);
        MemoryMarshal.AsBytes(values).CopyTo(bytes.AsSpan(sizeof(int)));
        return WebEncoders.Base64UrlEncode(Protector(kind, model).Protect(bytes));
    }

    /// <summary>The state of a token; null for one that was changed, or that belongs to other weights, another kind or another precision.</summary>
    public (float[] Values, int Next)? Unprotect(string kind, ResolvedModel model, string token)
    {
        try
        {
            var bytes = Protector(kind, model).Unprotect(WebEncoders.Base64UrlDecode(token));
            return (MemoryMarshal.Cast<byte, float>(bytes.AsSpan(sizeof(int))).ToArray(), BinaryPrimitives.ReadInt32LittleEndian(bytes));
        }
        catch (Exception error) when (error is CryptographicException or FormatException)
        {
            return null;
        }
    }

    private IDataProtector Protector(string kind, ResolvedModel model) => protection.CreateProtector("state", kind, model.BlobId, options.PrecisionName);
}
