using System.Text.Json;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.EntityFrameworkCore;
using RnnService.Http;
using RnnService.Storage;

namespace RnnService.Registry;

/// <summary>The doors to models, their versions and aliases.</summary>
internal static class ModelEndpoints
{
    private const string Hint = "GET /api/v1/models lists the models and their versions.";

    /// <summary>Maps <c>/api/v1/models</c>, but for the predictions.</summary>
    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("/api/v1/models").WithTags("Models");
        models.MapGet("/", List).WithProblems(422).WithExample(null, ModelExamples.List);
        models.MapGet("/{name}", Get).WithProblems(404).WithExample(null, ModelExamples.Model).WithParameterExample("name", ModelExamples.Name);
        models.MapDelete("/{name}", Delete).WithProblems(404, 409);
        models.MapGet("/{name}/versions/{version:int}", GetVersion).WithProblems(404).WithExample(null, ModelExamples.Version)
            .WithParameterExample("name", ModelExamples.Name).WithParameterExample("version", "1");
        models.MapDelete("/{name}/versions/{version:int}", DeleteVersion).WithProblems(404, 409);
        models.MapGet("/{name}/versions/{version:int}/weights", Weights).Produces<byte[]>(200, "application/octet-stream").WithProblems(404)
            .WithParameterExample("name", ModelExamples.Name).WithParameterExample("version", "1");
        models.MapPut("/{name}/aliases/{alias}", PutAlias).WithProblems(400, 404, 422).WithExample("""{"version":1}""", $$"""{"model":"{{ModelExamples.Name}}","alias":"production","version":1}""")
            .WithParameterExample("name", ModelExamples.Name).WithParameterExample("alias", ModelReference.Production);
        models.MapDelete("/{name}/aliases/{alias}", DeleteAlias).WithProblems(404);
    }

    /// <summary>Lists models, the newest first</summary>
    /// <param name="query">Which page; the id of a model is its name.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Ok<Page<ModelResponse>>, ProblemResult>> List(
        [AsParameters] PageQuery query, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        if (query.Check() is { } problem) return problem;
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var models = context.Models.AsNoTracking().OrderByDescending(row => row.CreatedAt).ThenByDescending(row => row.Name).AsQueryable();
        if (query.After is not null)
        {
            var after = await context.Models.AsNoTracking().FirstOrDefaultAsync(row => row.Name == query.After, cancellationToken);
            if (after is null) return Problems.Invalid($"after is '{Names.Shorten(query.After)}', which is no model.", "Send the last_id of the page before.");
            models = models.Where(row => row.CreatedAt < after.CreatedAt || (row.CreatedAt == after.CreatedAt && string.Compare(row.Name, after.Name) < 0));
        }

        var rows = await models.Take(query.Size + 1).ToListAsync(cancellationToken);
        var names = rows.ConvertAll(row => row.Name);
        var versions = (await Summaries(context, version => names.Contains(version.Model), cancellationToken)).ToLookup(pair => pair.Model, pair => pair.Version);
        var aliases = (await context.ModelAliases.Where(row => names.Contains(row.Model)).ToListAsync(cancellationToken)).ToLookup(row => row.Model);
        return TypedResults.Ok(query.Of(rows, row => View(row, [.. versions[row.Name]], aliases[row.Name]), row => row.Name));
    }

    /// <summary>Shows a model with all its versions</summary>
    /// <param name="name">The model.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Ok<ModelResponse>, ProblemResult>> Get(string name, IDbContextFactory<RnnDbContext> contexts, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await context.Models.AsNoTracking().FirstOrDefaultAsync(model => model.Name == name, cancellationToken);
        if (row is null) return Problems.NotFound("model", Names.Shorten(name), Hint);
        var versions = await Summaries(context, version => version.Model == name, cancellationToken);
        var aliases = await context.ModelAliases.Where(alias => alias.Model == name).ToListAsync(cancellationToken);
        return TypedResults.Ok(View(row, [.. versions.Select(pair => pair.Version)], aliases));
    }

    /// <summary>Deletes a model with all its versions</summary>
    /// <remarks>409 while an alias points at one of them.</remarks>
    /// <param name="name">The model.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="registry">Forgets it.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<NoContent, ProblemResult>> Delete(
        string name, IDbContextFactory<RnnDbContext> contexts, ModelRegistry registry, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.LockAsync(name, cancellationToken);
        if (!await context.Models.AnyAsync(row => row.Name == name, cancellationToken)) return Problems.NotFound("model", Names.Shorten(name), Hint);
        if (await context.ModelAliases.Where(row => row.Model == name).Select(row => row.Alias).FirstOrDefaultAsync(cancellationToken) is { } alias)
            return Aliased(name, alias);
        var blobs = await context.ModelVersions.Where(row => row.Model == name).Select(row => row.BlobId).ToListAsync(cancellationToken);
        await context.Models.Where(row => row.Name == name).ExecuteDeleteAsync(cancellationToken);
        await context.Blobs.Where(row => blobs.Contains(row.Id)).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        foreach (var blob in blobs) registry.Forget(blob);
        return TypedResults.NoContent();
    }

    /// <summary>Shows a version with its spec and receipt</summary>
    /// <remarks>Where the service keeps weights as bf16, <c>precision</c> says so and, once the version is loaded, what that changes in its answers.</remarks>
    /// <param name="name">The model.</param>
    /// <param name="version">The version's number.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="registry">Knows what is loaded.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Ok<ModelVersionResponse>, ProblemResult>> GetVersion(
        string name, int version, IDbContextFactory<RnnDbContext> contexts, ModelRegistry registry, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await context.ModelVersions.AsNoTracking().FirstOrDefaultAsync(found => found.Model == name && found.Version == version, cancellationToken);
        if (row is null) return Missing(name, version);
        var task = await context.Models.Where(model => model.Name == name).Select(model => model.Task).FirstAsync(cancellationToken);
        var bytes = await context.Blobs.Where(blob => blob.Id == row.BlobId).Select(blob => blob.Bytes).FirstOrDefaultAsync(cancellationToken);
        var aliases = await context.ModelAliases.Where(alias => alias.Model == name && alias.Version == version).Select(alias => alias.Alias).ToListAsync(cancellationToken);
        return TypedResults.Ok(new ModelVersionResponse(name, version, task, aliases, bytes, row.CreatedAt,
            Parse(row.MetricsJson), row.JobId, Parse(row.SpecJson), ModelRegistry.Receipt(row), registry.PrecisionOf(row.BlobId)));
    }

    /// <summary>Deletes a version</summary>
    /// <remarks>409 while an alias points at it. Its number is not given again. With its last version the model goes too.</remarks>
    /// <param name="name">The model.</param>
    /// <param name="version">The version's number.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="registry">Forgets it.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<NoContent, ProblemResult>> DeleteVersion(
        string name, int version, IDbContextFactory<RnnDbContext> contexts, ModelRegistry registry, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.LockAsync(name, cancellationToken);
        var row = await context.ModelVersions.FirstOrDefaultAsync(found => found.Model == name && found.Version == version, cancellationToken);
        if (row is null) return Missing(name, version);
        var alias = await context.ModelAliases.Where(found => found.Model == name && found.Version == version).Select(found => found.Alias).FirstOrDefaultAsync(cancellationToken);
        if (alias is not null) return Aliased($"{name}:{version}", alias);
        context.ModelVersions.Remove(row);
        await context.SaveChangesAsync(cancellationToken);
        if (!await context.ModelVersions.AnyAsync(found => found.Model == name, cancellationToken))
            await context.Models.Where(model => model.Name == name).ExecuteDeleteAsync(cancellationToken);
        await context.Blobs.Where(blob => blob.Id == row.BlobId).ExecuteDeleteAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        registry.Forget(row.BlobId);
        return TypedResults.NoContent();
    }

    /// <summary>Downloads a version's weights as safetensors</summary>
    /// <remarks>PyTorch's parameter names and gate order; tokenizer or scaling, labels and spec in the metadata.</remarks>
    /// <param name="name">The model.</param>
    /// <param name="version">The version's number.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="blobs">The stored weights.</param>
    /// <param name="http">The answer.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<FileStreamHttpResult, ProblemResult>> Weights(
        string name, int version, IDbContextFactory<RnnDbContext> contexts, Blobs blobs, HttpContext http, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        var row = await context.ModelVersions.AsNoTracking().FirstOrDefaultAsync(found => found.Model == name && found.Version == version, cancellationToken);
        if (row is null) return Missing(name, version);
        var stream = await blobs.OpenAsync(row.BlobId, $"the weights of {name}:{version}", cancellationToken);
        http.Response.ContentLength = stream.Length;
        return TypedResults.Stream(stream, "application/octet-stream", $"{name}-{version}.safetensors");
    }

    /// <summary>Points an alias at a version</summary>
    /// <remarks>A bare model name follows the alias <c>production</c> when it is set.</remarks>
    /// <param name="name">The model.</param>
    /// <param name="alias">The alias.</param>
    /// <param name="request">Which version.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="registry">Forgets where it pointed.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<Ok<AliasResponse>, ProblemResult>> PutAlias(
        string name, string alias, AliasRequest request, IDbContextFactory<RnnDbContext> contexts, ModelRegistry registry, CancellationToken cancellationToken)
    {
        if (!Names.IsValid(alias))
            return Problems.Invalid($"'{Names.Shorten(alias)}' is not a name.", "An alias has 1 to 64 characters a-z, 0-9, '.', '_' or '-' and begins with a letter or digit, for example 'production'.");
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        await using var transaction = await context.Database.BeginTransactionAsync(cancellationToken);
        await context.LockAsync(name, cancellationToken);
        if (!await context.Models.AnyAsync(model => model.Name == name, cancellationToken)) return Problems.NotFound("model", Names.Shorten(name), Hint);
        if (!await context.ModelVersions.AnyAsync(row => row.Model == name && row.Version == request.Version, cancellationToken))
            return Problems.InvalidField("/version", $"The model '{name}' has no version {request.Version}.", $"GET /api/v1/models/{name} lists its versions.");
        var row = await context.ModelAliases.FirstOrDefaultAsync(found => found.Model == name && found.Alias == alias, cancellationToken);
        if (row is null) context.ModelAliases.Add(new ModelAliasRow { Model = name, Alias = alias, Version = request.Version });
        else row.Version = request.Version;
        await context.SaveChangesAsync(cancellationToken);
        await transaction.CommitAsync(cancellationToken);
        registry.Forget();
        return TypedResults.Ok(new AliasResponse(name, alias, request.Version));
    }

    /// <summary>Deletes an alias; the version stays</summary>
    /// <param name="name">The model.</param>
    /// <param name="alias">The alias.</param>
    /// <param name="contexts">The database.</param>
    /// <param name="registry">Forgets it.</param>
    /// <param name="cancellationToken">The client left.</param>
    private static async Task<Results<NoContent, ProblemResult>> DeleteAlias(
        string name, string alias, IDbContextFactory<RnnDbContext> contexts, ModelRegistry registry, CancellationToken cancellationToken)
    {
        await using var context = await contexts.CreateDbContextAsync(cancellationToken);
        if (await context.ModelAliases.Where(row => row.Model == name && row.Alias == alias).ExecuteDeleteAsync(cancellationToken) == 0)
            return Problems.NotFound("alias", Names.Shorten($"{name}@{alias}"), $"GET /api/v1/models/{Names.Shorten(name)} lists its aliases.");
        registry.Forget();
        return TypedResults.NoContent();
    }

    private static async Task<List<(string Model, ModelVersionSummary Version)>> Summaries(
        RnnDbContext context, System.Linq.Expressions.Expression<Func<ModelVersionRow, bool>> which, CancellationToken cancellationToken)
    {
        var rows = await context.ModelVersions.AsNoTracking().Where(which).OrderByDescending(row => row.Version)
            .Select(row => new { row.Model, row.Version, row.CreatedAt, row.MetricsJson, row.JobId }).ToListAsync(cancellationToken);
        return rows.ConvertAll(row => (row.Model, new ModelVersionSummary(row.Version, row.CreatedAt, Parse(row.MetricsJson), row.JobId)));
    }

    private static ModelResponse View(ModelRow row, IReadOnlyList<ModelVersionSummary> versions, IEnumerable<ModelAliasRow> aliases) =>
        new(row.Name, row.Task, aliases.OrderBy(alias => alias.Alias, StringComparer.Ordinal).ToDictionary(alias => alias.Alias, alias => alias.Version), versions, row.CreatedAt);

    private static JsonElement Parse(string json) => JsonElement.Parse(json);

    private static ProblemResult Missing(string name, int version) => Problems.NotFound("version", $"{Names.Shorten(name)}:{version}", Hint);

    private static ProblemResult Aliased(string what, string alias) =>
        Problems.Conflict($"The alias '{alias}' points at {what}.", "Point the alias elsewhere or delete it first.");
}
