using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Mvc;

namespace RnnService.Http;

/// <summary>One page of a list, newest first.</summary>
/// <typeparam name="T">What is listed.</typeparam>
internal sealed record Page<T>
{
    /// <summary>Always <c>list</c>.</summary>
    [JsonPropertyOrder(-1)]
    public string Object { get; init; } = "list";

    /// <summary>The page's elements.</summary>
    public required IReadOnlyList<T> Data { get; init; }

    /// <summary>Id of the first element, or null if there is none.</summary>
    public required string? FirstId { get; init; }

    /// <summary>Id of the last element: pass it as <c>after</c> to get the next page.</summary>
    public required string? LastId { get; init; }

    /// <summary>Whether there is a next page.</summary>
    public required bool HasMore { get; init; }
}

/// <summary>The query of a list.</summary>
internal sealed record PageQuery
{
    /// <summary>How many, 1 to 100; default 20.</summary>
    [FromQuery(Name = "limit")]
    public int? Limit { get; init; }

    /// <summary>The <c>last_id</c> of the page before.</summary>
    [FromQuery(Name = "after")]
    public string? After { get; init; }

    /// <summary>How many to answer.</summary>
    public int Size => Limit ?? 20;

    /// <summary>The problem with the query, or null if there is none.</summary>
    public ProblemResult? Check() => Size is >= 1 and <= 100
        ? null
        : Problems.Invalid($"limit is {Limit}; it must be 1 to 100.", "Leave limit out for 20, and ask for more pages with after=<last_id>.");

    /// <summary>Makes the page of rows that were fetched with one more than <see cref="Size"/>.</summary>
    public Page<T> Of<TRow, T>(IReadOnlyList<TRow> fetched, Func<TRow, T> view, Func<TRow, string> id)
    {
        var rows = fetched.Take(Size).ToArray();
        return new Page<T>
        {
            Data = Array.ConvertAll(rows, row => view(row)),
            FirstId = rows.Length == 0 ? null : id(rows[0]),
            LastId = rows.Length == 0 ? null : id(rows[^1]),
            HasMore = fetched.Count > rows.Length,
        };
    }
}
