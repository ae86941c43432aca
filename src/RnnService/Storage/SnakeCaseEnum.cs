using System.Text.Json;
using Microsoft.EntityFrameworkCore.Storage.ValueConversion;

namespace RnnService.Storage;

/// <summary>Stores an enum as the same snake_case text the HTTP contract uses.</summary>
/// <typeparam name="T">The enum.</typeparam>
internal sealed class SnakeCaseEnum<T>() : ValueConverter<T, string>(value => Write(value), text => Read(text))
    where T : struct, Enum
{
    /// <summary>The wire name, for example <c>sequence_classification</c>.</summary>
    public static string Write(T value) => JsonNamingPolicy.SnakeCaseLower.ConvertName(value.ToString());

    /// <summary>The value of a wire name.</summary>
    /// <exception cref="FormatException">The text names no value of the enum.</exception>
    public static T Read(string text) =>
        TryRead(text, out var value) ? value : throw new FormatException($"'{text}' is not a {typeof(T).Name}.");

    /// <summary>The value of a wire name, if it names one.</summary>
    public static bool TryRead(string text, out T value)
    {
        foreach (var candidate in Enum.GetValues<T>())
        {
            if (!string.Equals(Write(candidate), text, StringComparison.Ordinal))
                continue;
            value = candidate;
            return true;
        }
        value = default;
        return false;
    }
}
