using Microsoft.EntityFrameworkCore;
using RnnService.Storage.Examples;

namespace RnnService.Storage;

/// <summary>
/// All that the service keeps. Features inject <c>IDbContextFactory&lt;RnnDbContext&gt;</c> and hold a context for one unit of work.
/// One sealed context a database, because each has migrations of its own.
/// </summary>
internal abstract class RnnDbContext(DbContextOptions options) : DbContext(options)
{
    public DbSet<BlobRow> Blobs => Set<BlobRow>();
    public DbSet<BlobChunkRow> BlobChunks => Set<BlobChunkRow>();
    public DbSet<DatasetRow> Datasets => Set<DatasetRow>();
    public DbSet<TrainingJobRow> TrainingJobs => Set<TrainingJobRow>();
    public DbSet<SweepRow> Sweeps => Set<SweepRow>();
    public DbSet<CheckpointRow> Checkpoints => Set<CheckpointRow>();
    public DbSet<MetricRow> Metrics => Set<MetricRow>();
    public DbSet<EventRow> Events => Set<EventRow>();
    public DbSet<ModelRow> Models => Set<ModelRow>();
    public DbSet<ModelVersionRow> ModelVersions => Set<ModelVersionRow>();
    public DbSet<ModelAliasRow> ModelAliases => Set<ModelAliasRow>();
    public DbSet<IdempotencyRow> Idempotency => Set<IdempotencyRow>();
    public DbSet<ProtectionKeyRow> ProtectionKeys => Set<ProtectionKeyRow>();

    /// <summary>
    /// Keeps all others who lock the same thing waiting until the transaction ends: a model by its name, a dataset by its id. So what was
    /// looked at before a write is still true when it is committed.
    /// </summary>
    public abstract Task LockAsync(string thing, CancellationToken cancellationToken);

    /// <inheritdoc/>
    protected override void ConfigureConventions(ModelConfigurationBuilder configurationBuilder)
    {
        configurationBuilder.Properties<DateTime>().HaveConversion<UtcDateTime>();
        configurationBuilder.Properties<BlobKind>().HaveConversion<SnakeCaseEnum<BlobKind>>();
        configurationBuilder.Properties<JobStatus>().HaveConversion<SnakeCaseEnum<JobStatus>>();
        configurationBuilder.Properties<EventKind>().HaveConversion<SnakeCaseEnum<EventKind>>();
        configurationBuilder.Properties<DatasetFormat>().HaveConversion<SnakeCaseEnum<DatasetFormat>>();
        configurationBuilder.Properties<LearningTask>().HaveConversion<SnakeCaseEnum<LearningTask>>();
    }

    /// <inheritdoc/>
    protected override void OnModelCreating(ModelBuilder modelBuilder)
    {
        MapBlobs(modelBuilder);
        MapJobs(modelBuilder);
        MapModels(modelBuilder);
        modelBuilder.Entity<DatasetRow>(dataset =>
        {
            dataset.HasIndex(row => row.Name).IsUnique();
            dataset.HasOne<BlobRow>().WithMany().HasForeignKey(row => row.BlobId).OnDelete(DeleteBehavior.Restrict);
        });
        modelBuilder.Entity<IdempotencyRow>(answer =>
        {
            answer.HasKey(row => new { row.Scope, row.Key });
            answer.HasIndex(row => row.CreatedAt);
        });
    }

    private static void MapBlobs(ModelBuilder model)
    {
        model.Entity<BlobRow>().HasKey(row => row.Id);
        model.Entity<BlobChunkRow>(chunk =>
        {
            chunk.HasKey(row => new { row.BlobId, row.Index });
            chunk.HasOne<BlobRow>().WithMany().HasForeignKey(row => row.BlobId).OnDelete(DeleteBehavior.Cascade);
        });
    }

    private static void MapJobs(ModelBuilder model)
    {
        model.Entity<TrainingJobRow>(job =>
        {
            job.HasIndex(row => row.Status);
            job.HasOne<SweepRow>().WithMany().HasForeignKey(row => row.SweepId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<SweepRow>().HasOne<BlobRow>().WithMany().HasForeignKey(row => row.BlobId).OnDelete(DeleteBehavior.Restrict);
        model.Entity<CheckpointRow>(checkpoint =>
        {
            checkpoint.HasKey(row => new { row.JobId, row.Step });
            checkpoint.HasOne<TrainingJobRow>().WithMany().HasForeignKey(row => row.JobId).OnDelete(DeleteBehavior.Cascade);
            checkpoint.HasOne<BlobRow>().WithMany().HasForeignKey(row => row.BlobId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<MetricRow>(metric =>
        {
            metric.HasIndex(row => new { row.JobId, row.Id });
            metric.HasOne<TrainingJobRow>().WithMany().HasForeignKey(row => row.JobId).OnDelete(DeleteBehavior.Cascade);
        });
        model.Entity<EventRow>(happened =>
        {
            happened.HasKey(row => new { row.JobId, row.Number });
            happened.HasOne<TrainingJobRow>().WithMany().HasForeignKey(row => row.JobId).OnDelete(DeleteBehavior.Cascade);
        });
    }

    private static void MapModels(ModelBuilder model)
    {
        model.Entity<ModelRow>().HasKey(row => row.Name);
        model.Entity<ModelVersionRow>(version =>
        {
            version.HasKey(row => new { row.Model, row.Version });
            version.HasOne<ModelRow>().WithMany().HasForeignKey(row => row.Model).OnDelete(DeleteBehavior.Cascade);
            version.HasOne<BlobRow>().WithMany().HasForeignKey(row => row.BlobId).OnDelete(DeleteBehavior.Restrict);
        });
        model.Entity<ModelAliasRow>(alias =>
        {
            alias.HasKey(row => new { row.Model, row.Alias });
            alias.HasOne<ModelVersionRow>().WithMany().HasForeignKey(row => new { row.Model, row.Version }).OnDelete(DeleteBehavior.Restrict);
        });
    }
}
